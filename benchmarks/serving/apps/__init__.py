"""The floors: minimal FastAPI services, each in a process of its own.

Every module has `create_app(path)`, which loads the model from that file.
"""
