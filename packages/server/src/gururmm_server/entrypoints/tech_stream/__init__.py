"""The browser's WebSockets: terminals here, live updates beside it. Translates frames, decides nothing."""
