#include "binned_stack.hpp"

#include "io/mrc_read.hpp"

namespace tumble::test {

SmallStack binned_stack(const std::string& file, int images) {
    const ImageStack stack = read_stack(file, {sampling_A, {}});
    SmallStack out;
    out.width = out.height = static_cast<int>(stack.width / 2);
    out.images = images;
    out.pixel_A = static_cast<float>(2 * sampling_A);
    for (std::int64_t i = 0; i < images; i++)
        for (std::int64_t y = 0; y < stack.height / 2; y++)
            for (std::int64_t x = 0; x < stack.width / 2; x++) {
                const float* at = stack.values.data() + (i * stack.height + 2 * y) * stack.width + 2 * x;
                out.values.push_back(at[0] + at[1] + at[stack.width] + at[stack.width + 1]);
            }
    return out;
}

}  // namespace tumble::test
