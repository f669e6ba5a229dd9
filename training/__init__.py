"""How the default model pack is made: head model, anchors and networks. May import torch; never imports bpy in networks."""
