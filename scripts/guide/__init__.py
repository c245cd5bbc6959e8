"""The pictures of docs/field-guide.md, one part per module.

views       rendered streets with zones, and what the detector finds in them
diagrams    where the box goes, how a camera hangs, what a GOP is: SVG, in both languages
svg         what the diagrams are drawn with
terminal    what a command printed, as SVG
doctor_run  a real `cityeye doctor` against a camera with faults
"""
