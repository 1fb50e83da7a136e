"""The sections of our own report, one per topic: plugins of the kind ``report_section`` like anybody else's.

Bokeh is imported where a picture is made, so that looking a section up by name costs nothing.
"""
