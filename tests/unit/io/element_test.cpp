#include "io/element.hpp"

#include "catch.hpp"
#include "scratch_folder.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using tumble::test::complaint;

TEST_CASE("Symbols and atomic numbers are each other's inverse") {
    for (int z = 1; z <= 96; z++) REQUIRE(atomic_number(element_symbol(z)) == z);
    CHECK(atomic_number("H") == 1);
    CHECK(atomic_number("Fe") == 26);
    CHECK(atomic_number("Pt") == 78);
    CHECK(atomic_number("Cm") == 96);
    CHECK_FALSE(is_element("pt"));
    CHECK_FALSE(is_element(""));
    CHECK_THROWS_AS(element_symbol(0), Error);
    CHECK_THROWS_AS(element_symbol(97), Error);
}

// Kittel, Introduction to Solid State Physics, 8th ed., ch. 1, table 4, "nearest-neighbour distance": there
// at room temperature for these.
TEST_CASE("Nearest neighbours of solids agree with Kittel's table") {
    const std::vector<std::pair<const char*, double>> table = {
        {"Pt", 2.77}, {"Au", 2.88}, {"Ag", 2.89}, {"Pd", 2.75}, {"Ni", 2.49}, {"Cu", 2.56},
        {"Fe", 2.48}, {"Co", 2.50}, {"W", 2.74},  {"Mo", 2.72}, {"Si", 2.35}, {"C", 1.54},
        {"Ti", 2.89}, {"Zn", 2.66}, {"Cd", 2.98}, {"Al", 2.86}};
    for (const auto& [symbol, distance_A] : table) {
        INFO(symbol);
        CHECK(nearest_neighbour_A(symbol) == Approx(distance_A).margin(0.03));
    }
    CHECK(nearest_neighbour_A("O") == Approx(2 * 0.66));
}

TEST_CASE("Every element has a sensible neighbour distance") {
    for (int z = 1; z <= 96; z++) {
        INFO(element_symbol(z));
        CHECK(nearest_neighbour_A(element_symbol(z)) > 0.5);
        CHECK(nearest_neighbour_A(element_symbol(z)) < 5.5);
    }
}

TEST_CASE("Lists of elements and what is said about wrong ones") {
    CHECK(parse_elements("Pt") == std::vector<std::string>{"Pt"});
    CHECK(parse_elements("Fe, Pt") == std::vector<std::string>{"Fe", "Pt"});
    CHECK(complaint([] { parse_elements("Ptt"); }) ==
          "unknown element 'Ptt': expected a chemical symbol, did you mean 'Pt'?");
    CHECK(complaint([] { parse_elements("PT"); }) ==
          "unknown element 'PT': expected a chemical symbol, did you mean 'Pt'?");
    CHECK(complaint([] { parse_elements("platinum"); }) ==
          "unknown element 'platinum': expected a chemical symbol such as Pt");
    CHECK_THROWS_AS(parse_elements(""), Error);
    CHECK_THROWS_AS(parse_elements("Fe,"), Error);
    CHECK_THROWS_AS(parse_elements("Fe,Pt,Fe"), Error);
}
