"""Rasa custom actions of motcua: thin, they read the tracker, ask `knowledge`, render a template.

The gateway serves them itself (`bot.action_server`); `python -m rasa_sdk --actions actions`
serves the same classes on a stock action server.
"""
