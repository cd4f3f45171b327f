// Writes one file of each kind into the folder given, for other people's programs to read (tests/peers).
#include <filesystem>
#include <numeric>

#include "io/atoms_file.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"

int main(int, char** arguments) {
    using namespace tumble;
    const std::filesystem::path folder = arguments[1];
    std::filesystem::create_directories(folder);
    ImageStack stack{4, 8, 8, 0.5, std::vector<float>(256)};
    std::iota(stack.values.begin(), stack.values.end(), 0.0f);
    write_stack(folder / "stack.mrcs", stack.view(), 0.5, "tumble test");
    // mrcfile's validator sums squares in half precision: the values must stay small for it.
    for (float& value : stack.values) value /= 256;
    write_stack(folder / "half.mrcs", stack.view(), 0.5, "tumble test", MrcPrecision::float16);
    Volume map(8, 0.5);
    std::iota(map.values.begin(), map.values.end(), 0.0f);
    write_map(folder / "map.mrc", map, "tumble test");
    const std::vector<ParticlePose> poses{{{rotation_from_euler({10, 20, 30}), {1.5, -2}},
                                           1,
                                           2,
                                           (folder / "stack.mrcs").string(),
                                           -4,
                                           1,
                                           false}};
    write_poses(folder / "poses.star", poses, {0.5, 8});
    const Atoms atoms{{"Pt", {1, 2, 3}, {0.1, 0.1, 0.1}, 1, 0.5, 0.02},
                      {"Fe", {-1, 0, 0.5}, {0.2, 0.2, 0.2}, 0.5, 0.5, 0},
                      {"C", {-100.25, 20, 0}, {0.05, 0.05, 0.05}, 0.5, 0.5, 0}};
    for (const char* name : {"atoms.xyz", "atoms.pdb", "atoms.cif"})
        write_atoms(folder / name, atoms, "test");
}
