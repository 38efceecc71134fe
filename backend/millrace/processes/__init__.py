"""How processes of ours live and die: bound to their parent's life, started again with growing pauses."""
