"""The local painter's workshop: a canvas, a palette, sets, figures and the finish."""
