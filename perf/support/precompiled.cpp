// Nothing but a reason to compile the precompiled header.
