#include <cmath>

#include "catch.hpp"
#include "core/random.hpp"
#include "io/csv.hpp"
#include "io/element.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/pdb.hpp"
#include "scratch_folder.hpp"

using namespace tumble;

namespace {
Atoms random_atoms(int count) {
    RandomStream random(5, 0, RandomPurpose::test);
    Atoms atoms;
    for (int i = 0; i < count; i++)
        atoms.push_back({i % 3 == 0 ? "Fe" : "Pt",
                         {10 * random.normal(), 10 * random.normal(), 10 * random.normal()},
                         {0.1, 0.2, 0.3},
                         random.uniform(),
                         0.5,
                         0.05});
    return atoms;
}
}  // namespace

TEST_CASE("extXYZ: atoms come back to 4 decimals, sigma as the rms of the axes") {
    ScratchFolder folder;
    const Atoms atoms = random_atoms(20);
    AtomColumn strain{"strain", 'R', 6, std::vector<double>(120, 0.01)};
    write_extxyz(folder / "a.xyz", atoms, {{"strain_order", "XX YY ZZ XY XZ YZ"}}, std::vector{strain});
    const AtomsFile back = read_extxyz(folder / "a.xyz");
    REQUIRE(back.atoms.size() == 20);
    CHECK(back.info.at("strain_order") == "XX YY ZZ XY XZ YZ");
    CHECK(back.info.at("pbc") == "F F F");
    for (std::size_t i = 0; i < atoms.size(); i++) {
        CHECK(back.atoms[i].element == atoms[i].element);
        CHECK(length(back.atoms[i].position_A - atoms[i].position_A) < 1e-4);
        CHECK(back.atoms[i].sigma_A.y == Approx(std::sqrt(0.14 / 3)).margin(5e-5));
        CHECK(back.atoms[i].half_distance_A == 0.05);
    }
}

TEST_CASE("extXYZ: plain XYZ, atomic numbers and unknown columns are read, faults name the line") {
    ScratchFolder folder;
    const auto read = [&](const char* text) {
        put_bytes(folder / "a.xyz", text);
        return read_extxyz(folder / "a.xyz");
    };
    CHECK(read("1\nplain\nAu 1 2 3\n").atoms[0].position_A == Vec3{1, 2, 3});
    const AtomsFile file =
        read("1\nLattice=\"1 0 0 0 1 0 0 0 1\" Properties=junk:I:2:Z:I:1:pos:R:3\n9 9 78 1 2 3\n");
    CHECK(file.atoms[0].element == "Pt");
    CHECK(file.atoms[0].position_A == Vec3{1, 2, 3});
    const auto fault = [&](const char* text) { return sentence_of([&] { read(text); }); };
    CHECK_THAT(fault(""), ContainsSubstring("number of atoms"));
    CHECK_THAT(fault("2\n\nAu 0 0 0\n"), ContainsSubstring("found 1 atoms, expected 2"));
    CHECK_THAT(fault("1\n\nAu 0 nan 0\n"), ContainsSubstring("line 3"));
    CHECK_THAT(fault("1\n\nAu 0 0\n"), ContainsSubstring("expected at least 4"));
    CHECK_THAT(fault("1\nProperties=pos:R\nAu 0 0\n"), ContainsSubstring("Properties"));
}

TEST_CASE("Elements: found in any case, with a hint otherwise") {
    CHECK(find_element("pt").number == 78);
    CHECK(find_element("Pt").nearest_neighbour_A == Approx(2.7747).margin(1e-3));
    CHECK(find_element("Fe").nearest_neighbour_A == Approx(2.482).margin(1e-3));
    CHECK(sentence_of([] { find_element("Ptt"); }) ==
          "unknown element 'Ptt': expected a chemical symbol, did you mean 'Pt'?");
    CHECK(parse_elements("Fe, pt").at(1).symbol == "Pt");
    CHECK_THAT(sentence_of([] { parse_elements("Fe,,Pt"); }), ContainsSubstring("empty"));
}

TEST_CASE("PDB and mmCIF: positions and elements come back, faults are named") {
    ScratchFolder folder;
    const Atoms atoms = random_atoms(12);
    write_pdb(folder / "a.pdb", atoms, "test");
    write_mmcif(folder / "a.cif", atoms, "test \"title\"");
    const Atoms pdb = read_pdb(folder / "a.pdb"), cif = read_mmcif(folder / "a.cif");
    REQUIRE(pdb.size() == 12);
    REQUIRE(cif.size() == 12);
    for (std::size_t i = 0; i < 12; i++) {
        CHECK(length(pdb[i].position_A - atoms[i].position_A) < 1e-3);
        CHECK(length(cif[i].position_A - atoms[i].position_A) < 1e-4);
        CHECK(pdb[i].element == atoms[i].element);
        CHECK(cif[i].element == atoms[i].element);
    }
    CHECK(bytes_of(folder / "a.pdb").find("CRYST1") == std::string::npos);
    put_bytes(folder / "b.pdb", "END\n");
    CHECK_THAT(sentence_of([&] { read_pdb(folder / "b.pdb"); }), ContainsSubstring("no ATOM"));
    put_bytes(folder / "b.cif", "data_x\nloop_\n_atom_site_Cartn_x\n1.0\n");
    CHECK_THAT(sentence_of([&] { read_mmcif(folder / "b.cif"); }), ContainsSubstring("Cartn_y is missing"));
    CHECK_THAT(sentence_of([&] {
                   write_pdb(folder / "c.pdb", {{"Pt", {1e5, 0, 0}, {}, 0, 0, 0}}, "");
               }),
               ContainsSubstring("beyond"));
}

TEST_CASE("CSV: shortest numbers, nan, quoted text") {
    ScratchFolder folder;
    write_csv(folder / "a.csv", {{"x_A", std::vector<double>{0.1, std::nan("")}},
                                 {"id", std::vector<std::int64_t>{1, 2}},
                                 {"name", std::vector<std::string>{"a,b", "c"}}});
    CHECK(bytes_of(folder / "a.csv") == "x_A,id,name\n0.1,1,\"a,b\"\nnan,2,c\n");
    CHECK_THAT(sentence_of([&] {
                   write_csv(folder / "b.csv", {{"x", std::vector<double>{1}}, {"y", std::vector<double>{}}});
               }),
               ContainsSubstring("'y' has 0"));
}
