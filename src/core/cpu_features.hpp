#pragma once
// Which copy of the hot loops runs: the best instruction set that this processor has, or a lower one on request.
// See cmake/TumbleKernels.cmake.
namespace tumble {

enum class InstructionSet { portable, avx2, avx512 };

/// Highest set that the running processor and operating system support. Any thread.
InstructionSet detected_instruction_set();
/// "portable", "AVX2" or "AVX-512".
const char* name_of(InstructionSet set);

}  // namespace tumble
