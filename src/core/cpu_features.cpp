#include "core/cpu_features.hpp"

namespace tumble {

InstructionSet detected_instruction_set() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return InstructionSet::avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::avx2;
#endif
    return InstructionSet::portable;
}

const char* name_of(InstructionSet set) {
    switch (set) {
        case InstructionSet::avx512: return "AVX-512";
        case InstructionSet::avx2: return "AVX2";
        case InstructionSet::portable: break;
    }
    return "portable";
}

}  // namespace tumble
