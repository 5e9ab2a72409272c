#ifndef PROACTOR_DETAIL_WIDTH_MARK_HPP
#define PROACTOR_DETAIL_WIDTH_MARK_HPP

#include <proactor/config.hpp>

/// Writes down, in every object file that has the hook, in which width it was compiled. The linker
/// merges equal marks, nothing loads the section, and `strip` keeps it: `tools/odr-scan` reads it.

#if PROACTOR_LINUX
#if PROACTOR_DROP_IN
#define PROACTOR_WIDTH "drop_in"
#else
#define PROACTOR_WIDTH "typed"
#endif
asm(".pushsection .proactor.width,\"MS\",%progbits,1\n"
    ".asciz \"" PROACTOR_WIDTH "\"\n"
    ".popsection");
#undef PROACTOR_WIDTH
#endif

#endif
