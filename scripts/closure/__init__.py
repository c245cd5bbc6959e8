"""A small closure platform: the reference consumer of `docs/contract`, to copy from.

Nothing of the agent is imported: what is here is what a platform needs (paho-mqtt 2, jsonschema, SQLite; rich for the
table). Read in this order:

    contract   topics; messages checked against the schemas; acknowledgements and commands written
    books      SQLite: what arrived, once; incidents, pictures, cases; where numbers are missing
    line       the MQTT session: it outlives a restart, and a message is confirmed only after it was stored
    centre     what is done with a message, and what is due with time: acknowledgements, the crew, mischief
    crew       a case per incident: acknowledge, visit, verify
    ask        one command and its answer
    mischief   a centre that does it all wrong, to test boxes with
    board      what a person sees; cli puts all of it together
"""
