"""Making films: the handlers of the steps in `app.films.kinds`."""
