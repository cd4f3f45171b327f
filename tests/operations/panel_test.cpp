// search_create and rows_create: what every backend refuses. What they pack shows in the scores (score_test.cpp) and, on the
// emulated device, in its memory (tests/emulation/panel_operands_test.cpp).
#include "catch.hpp"
#include "every_table.hpp"
#include "orientation_scene.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::testing;

namespace {

template <class Body>
std::string refusal(const Body& body) {
    try {
        body();
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::input);
        return e.what();
    }
    return "not refused";
}

}  // namespace

TEST_CASE("rows of images that the search does not have are refused in the CPU's words", "[operations][panel]") {
    const OrientationScene s(64, 5, 3, 2, 1e-3);
    const std::vector<Vec2> shifts(2);
    for (const auto& [name, table] : every_table()) {
        INFO(name);
        const OrientationScores on(s, *table);
        for (const std::int64_t image : {-1, 2}) {
            const std::vector<std::int64_t> images{1, image};
            CHECK(refusal([&] { on.backend.rows(on.search, images, shifts); }) ==
                  "rows: image " + std::to_string(image) + " is outside the samples given");
        }
        CHECK(refusal([&] { on.backend.rows(on.search, std::vector<std::int64_t>{1, 0}, shifts); }) == "not refused");
    }
}
