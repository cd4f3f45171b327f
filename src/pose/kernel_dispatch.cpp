#include "pose/kernel_dispatch.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include "tumble/error.hpp"

namespace tumble {
namespace {

int first_factor_of(int angles) {
    return angles == 64 ? 8 : 16;
}
std::int64_t spectrum_floats_of(int angles) {
    return std::int64_t{2} * group_rows * (angles + first_factor_of(angles) + 1);
}

}  // namespace

PoseKernels pose_kernels(InstructionSet set) {
    if (set > detected_instruction_set())
        throw bad_input(std::string("instruction set: found ") + name_of(set) +
                        ", expected one that this processor has");
#if defined(__x86_64__)
    if (set == InstructionSet::avx512) return {avx512::score_range, avx512::score_curve, avx512::pack_group};
    if (set == InstructionSet::avx2) return {avx2::score_range, avx2::score_curve, avx2::pack_group};
#endif
    return {portable::score_range, portable::score_curve, portable::pack_group};
}

std::vector<float> angular_twiddles(int angles) {
    const int first = first_factor_of(angles), second = angles / first;
    std::vector<float> out;
    for (int m2 = 0; m2 < second; m2++)
        for (int j1 = 0; j1 < first; j1++) {
            const double angle = 2 * std::numbers::pi * m2 * j1 / angles;
            out.push_back(static_cast<float>(std::cos(angle)));
            out.push_back(static_cast<float>(std::sin(angle)));
        }
    return out;
}

std::int64_t score_scratch_floats(int angles) {
    return (block_directions + 1) * spectrum_floats_of(angles);
}

std::int64_t pack_scratch_floats(int angles, int orders, int rings) {
    return 2 * spectrum_floats_of(angles) + std::int64_t{2} * group_rows * orders * rings;
}

}  // namespace tumble
