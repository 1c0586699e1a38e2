"""What the gateway serves to browsers and monitors: chat page, health."""
