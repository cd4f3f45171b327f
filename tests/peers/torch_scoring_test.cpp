// The PyTorch form of the scoring that `tumble benchmark --device` is timed beside (benchmarks/peers/torch_scoring.py) gives our
// scores: otherwise their times would not be of the same work.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "core/random.hpp"
#include "pose/score.hpp"

using namespace tumble;
namespace fs = std::filesystem;

namespace {

struct Case {
    PolarGrid grid;
    std::vector<float> weights;
    std::vector<Complexf> slices, images;  // [item][ring][half angle], nothing but noise
    std::int32_t directions = 0, image_count = 0;

    Case(int rings, int angles, int direction_count, int images_of_case) : directions(direction_count), image_count(images_of_case) {
        RandomStream random(17, 0, RandomPurpose::test);
        grid.angles = angles;
        for (int r = 0; r < rings; r++) {
            grid.rings.push_back(0.1 + 0.3 * r / rings);
            weights.push_back(static_cast<float>(0.5 + random.uniform()));
        }
        const auto noise = [&](int items) {
            std::vector<Complexf> out(static_cast<std::size_t>(items * rings * grid.half()));
            for (Complexf& v : out) v = {static_cast<float>(random.normal()), static_cast<float>(random.normal())};
            return out;
        };
        slices = noise(directions);
        images = noise(image_count);
    }

    std::vector<float> scores() const {
        ThreadPool pool(1);
        const AngularBasis whole = angular_basis(grid, 1, 0);  // nothing is left out
        std::vector<std::int64_t> index(static_cast<std::size_t>(image_count));
        std::iota(index.begin(), index.end(), 0);
        const DirectionPanel columns = pack_directions(grid, whole, weights, slices, pool);
        const RowPanel rows = pack_rows(grid, whole, weights, images, index, std::vector<Vec2>(index.size()), pool);
        std::vector<float> out(2 * index.size() * static_cast<std::size_t>(directions));
        score_pairs(whole, columns, rows, {}, out.data(), pool);
        return out;
    }

    void write(const fs::path& path) const {
        std::ofstream file(path, std::ios::binary);
        const std::int32_t sizes[] = {static_cast<std::int32_t>(grid.rings.size()), grid.angles, directions, image_count};
        const auto put = [&](const void* from, std::size_t bytes) { file.write(static_cast<const char*>(from), static_cast<std::streamsize>(bytes)); };
        put(sizes, sizeof sizes);
        put(weights.data(), weights.size() * sizeof(float));
        put(slices.data(), slices.size() * sizeof(Complexf));
        put(images.data(), images.size() * sizeof(Complexf));
    }
};

std::vector<float> read_floats(const fs::path& path, std::size_t count) {
    std::vector<float> values(count);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)));
    const bool exact = file && file.peek() == std::ifstream::traits_type::eof();
    return exact ? values : std::vector<float>{};
}

bool agrees(const Case& c, const fs::path& folder) {
    c.write(folder / "case");
    const std::string command = fmt::format("'{}' '{}' --device cpu --case '{}' --scores '{}'", TUMBLE_TORCH_PYTHON, TUMBLE_TORCH_SCORING,
                                            (folder / "case").string(), (folder / "scores").string());
    const auto expected = c.scores();
    if (std::system(command.c_str()) != 0) return false;
    const auto found = read_floats(folder / "scores", expected.size());
    if (found.empty()) {
        fmt::print("the scores of PyTorch are not {} numbers\n", expected.size());
        return false;
    }
    double wrong = 0, right = 0;
    for (std::size_t i = 0; i < found.size(); i++) {
        wrong += std::pow(static_cast<double>(found[i]) - static_cast<double>(expected[i]), 2);
        right += std::pow(static_cast<double>(expected[i]), 2);
    }
    const double error = std::sqrt(wrong / right);
    fmt::print("{} rings, {} angles, {} images, {} directions: relative difference {:.1e}\n", c.grid.rings.size(), c.grid.angles,
               c.image_count, c.directions, error);
    return error < 1e-6;  // two float32 sums of some hundred terms, each to 2e-7 (docs/performance.md)
}

}  // namespace

int main() {
    if (std::system(fmt::format("'{}' -c 'import torch' > /dev/null 2>&1", TUMBLE_TORCH_PYTHON).c_str()) != 0) {
        fmt::print("skipped: {} has no PyTorch\n", TUMBLE_TORCH_PYTHON);
        return 77;
    }
    std::string folder = (fs::temp_directory_path() / "tumble_torch_XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) {
        fmt::print("no temporary folder could be made\n");
        return 1;
    }
    // More than a chunk of images and of views; and one of each.
    const bool many = agrees(Case(7, 64, 75, 70), folder), one = agrees(Case(1, 256, 1, 1), folder);
    fs::remove_all(folder);
    return many && one ? 0 : 1;
}
