"""What a simulated Hikvision camera says and does apart from its video: logins, lock-out, settings, web service.

For the system's Python 3.10 and newer, with the standard library only: `scripts/simulated_camera.py` runs there.
"""
