"""The gateway: a reverse proxy for model APIs that checks what goes in and what comes out, streams included."""
