"""dragoman bench: what translation costs beside native runs, other tracers and a virtual machine."""
