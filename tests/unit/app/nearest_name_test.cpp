#include "app/nearest_name.hpp"

#include "catch.hpp"

using tumble::app::nearest_name;

TEST_CASE("the nearest name is the one with the fewest slips") {
    const std::vector<std::string> names = {"--pixel-size", "--poses", "--polish", "--reference", "--resume"};
    CHECK(nearest_name("--pixelsize", names) == "--pixel-size");
    CHECK(nearest_name("--pose", names) == "--poses");
    CHECK(nearest_name("--refernece", names) == "--reference");
    CHECK(nearest_name("--polsih", names) == "--polish");
}

TEST_CASE("a word like nothing gets no offer") {
    CHECK(nearest_name("--zzzzzzzz", {"--out", "--seed"}).empty());
    CHECK(nearest_name("x", {}).empty());
    CHECK(nearest_name("", {"info"}).empty());
}
