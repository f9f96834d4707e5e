"""Making the videos of channels: the handlers of the steps in `app.channels.kinds`."""
