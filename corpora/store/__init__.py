"""A prepared corpus on disk: Arrow files and the manifest."""
