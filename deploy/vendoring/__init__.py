"""Copies of the page's JavaScript libraries, made from npm packages by `./run vendor`."""
