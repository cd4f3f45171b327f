#include "map/local_resolution.hpp"

#include "catch.hpp"
#include "fourier/filters.hpp"
#include "gaussian_atoms.hpp"
#include "map/mask.hpp"

using namespace tumble;
using namespace tumble::test;

TEST_CASE("A map whose two sides hold detail to different limits has the resolution of each where it is") {
    // White signal, band-limited to 1.4 A for x < 0 and to 2.8 A for x > 0, in noise of a third of its power.
    ThreadPool two(2), one(1);
    const int box = 48;
    Volume white(box, 0.5);
    RandomStream random(71, 0, RandomPurpose::test);
    for (float& v : white.values) v = static_cast<float>(random.normal());
    const Volume fine = low_passed(white, 1.4, 1, two), coarse = low_passed(white, 2.8, 1, two);
    Volume halves[2] = {Volume(box, 0.5), Volume(box, 0.5)};
    for (Volume& half : halves)
        for (int z = 0; z < box; z++)
            for (int y = 0; y < box; y++)
                for (int x = 0; x < box; x++)
                    half.at(x, y, z) = (x < box / 2 ? fine : coarse).at(x, y, z) +
                                       0.6f * static_cast<float>(random.normal());
    LocalResolutionOptions options;
    options.step = 4;
    const Volume mask = spherical_mask(box, 0.5, 9, 0);
    const Volume map = local_resolution(halves[0], halves[1], mask.view(), options, two);
    CHECK(map.at(12, 24, 24) == Approx(1.4).margin(0.2));
    CHECK(map.at(36, 24, 24) == Approx(2.8).margin(0.6));
    CHECK(map.at(0, 0, 0) == 0);
    CHECK(map.values == local_resolution(halves[0], halves[1], mask.view(), options, one).values);
}
