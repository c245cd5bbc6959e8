"""The web console of the box. It reads snapshots and sends intents; the agent runs the same without it.

`server` answers, `site` puts pages and routes together, `access` lets people in and keeps the record of what they
change, `feed` tells browsers what is new. What is shown comes through `ports/console`; `app/console` says from where.
"""
