"""The instruction sets of this machine."""

def supported() -> list[str]:
    """Returns the instruction sets of this machine, best first: 'x86_64_v4' (AVX-512), 'x86_64_v3'
    (AVX2 and FMA), 'x86_64', or 'generic'.
    """
