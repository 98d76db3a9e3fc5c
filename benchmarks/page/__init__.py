"""Time of drawing the page."""
