#pragma once
// Small MRC stacks made by hand, independent of the library's writer, with any field broken on request.
#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace tumble::test {

struct SmallStack {
    int width = 32, height = 32, images = 4, mode = 2;
    float pixel_A = 0.358F;
    std::vector<float> values;  ///< empty: a pattern that is neither constant nor symmetric

    /// The bytes of the file.
    std::string bytes() const {
        std::string file(1024, '\0');
        const auto put = [&file](std::size_t word, auto value) {
            std::memcpy(file.data() + 4 * word, &value, 4);
        };
        const std::array<int, 4> shape = {width, height, images, mode};
        for (std::size_t i = 0; i < 4; i++) put(i, shape[i]);
        put(7, width), put(8, height), put(9, 1);
        put(10, static_cast<float>(width) * pixel_A), put(11, static_cast<float>(height) * pixel_A),
            put(12, pixel_A);
        for (std::size_t i = 13; i < 16; i++) put(i, 90.0F);
        for (std::size_t i = 16; i < 19; i++) put(i, static_cast<int>(i) - 15);
        put(27, 20141);
        std::memcpy(file.data() + 208, "MAP DD\0\0", 8);
        const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                            static_cast<std::size_t>(images);
        for (std::size_t i = 0; i < pixels; i++) {
            const float value =
                values.empty() ? static_cast<float>((i * 7919) % 101) : values[i % values.size()];
            file.append(reinterpret_cast<const char*>(&value), 4);
        }
        return file;
    }
};

}  // namespace tumble::test
