#pragma once
// Images and maps in memory: owning values and the views that functions take.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tumble {

/// Read-only view of a stack of images in host memory, contiguous, order (image, row, column), column fastest.
struct StackView {
    const float* data = nullptr;
    std::int64_t images = 0, height = 0, width = 0;
    const float* image(std::int64_t i) const { return data + i * height * width; }
};

/// Stack of images that owns its memory; same order as StackView. pixel_size_A 0 means unknown.
struct ImageStack {
    std::int64_t images = 0, height = 0, width = 0;
    double pixel_size_A = 0;
    std::vector<float> values;
    StackView view() const { return {values.data(), images, height, width}; }
};

/// Read-only view of a cubic map of box^3 voxels in host memory, x fastest, z slowest; its origin is voxel box/2.
struct VolumeView {
    const float* data = nullptr;
    int box = 0;
    std::size_t size() const {
        const auto n = static_cast<std::size_t>(box);
        return n * n * n;
    }
    std::size_t index(int x, int y, int z) const {
        const auto n = static_cast<std::size_t>(box);
        return (static_cast<std::size_t>(z) * n + static_cast<std::size_t>(y)) * n + static_cast<std::size_t>(x);
    }
    float at(int x, int y, int z) const { return data[index(x, y, z)]; }
};

/// Cubic map that owns its memory. A map's values are scattering density per voxel: the sum over z is an image.
struct Volume {
    int box = 0;
    double voxel_A = 0;
    std::vector<float> values;
    Volume() = default;
    Volume(int box_voxels, double voxel_size_A)
        : box(box_voxels), voxel_A(voxel_size_A), values(static_cast<std::size_t>(box_voxels) * box_voxels * box_voxels) {}
    VolumeView view() const { return {values.data(), box}; }
    float& at(int x, int y, int z) { return values[view().index(x, y, z)]; }
    float at(int x, int y, int z) const { return values[view().index(x, y, z)]; }
};

}  // namespace tumble
