// What other programs and people get wrong in text formats, and the corners of what we write ourselves.
#include <numbers>
#include <sstream>

#include "catch.hpp"
#include "io/atoms_file.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/pdb.hpp"
#include "io/poses_star.hpp"
#include "io/star.hpp"
#include "scratch_folder.hpp"

using namespace tumble;

namespace {

std::string xyz_fault(const std::string& text) {
    ScratchFolder folder;
    put_bytes(folder / "x.xyz", text);
    return sentence_of([&] { read_extxyz(folder / "x.xyz"); });
}

std::string poses_fault(const std::string& text) {
    ScratchFolder folder;
    put_bytes(folder / "x.star", text);
    return sentence_of([&] { read_poses(folder / "x.star"); });
}

}  // namespace

TEST_CASE("STAR: values that need quotes come back, those that no quotes can hold are refused") {
    ScratchFolder folder;
    StarFile file;
    file.tables.push_back({"general", {"x", "y"}, {{"1", "two words"}}, false});
    file.tables.push_back({"particles",
                           {"rlnImageName", "fooUnknown", "z"},
                           {{"1@a b.mrcs", "", "#5"},
                            {"_x", "DATA_y", "say \"no\" now"},
                            {"it's", "\"q", ";"},
                            {"Loop_", "'a' b\"c", "0.500"}},
                           true});
    write_star(folder / "a.star", file);
    const StarFile again = read_star(folder / "a.star");
    REQUIRE(again.tables.size() == 2);
    for (std::size_t i = 0; i < 2; i++) {
        CHECK(again.tables[i].name == file.tables[i].name);
        CHECK(again.tables[i].columns == file.tables[i].columns);
        CHECK(again.tables[i].rows == file.tables[i].rows);
        CHECK(again.tables[i].is_loop == file.tables[i].is_loop);
    }
    file.tables[0].rows[0][1] = "both ' and \" close";
    CHECK_THAT(sentence_of([&] { write_star(folder / "a.star", file); }), ContainsSubstring("quote"));
    file.tables[0].rows[0][1] = "two\nlines";
    CHECK_THAT(sentence_of([&] { write_star(folder / "a.star", file); }), ContainsSubstring("line break"));
}

TEST_CASE("STAR: words of the language in any case, lines that end with CR LF, wrapped rows of CIF") {
    const StarFile file = parse_star("DATA_x\r\nLoop_\r\n_a #1\r\n_b #2\r\n1 2\r\n", "x.star");
    REQUIRE(file.tables.size() == 1);
    CHECK(file.tables[0].name == "x");
    CHECK(file.tables[0].rows == std::vector<std::vector<std::string>>{{"1", "2"}});
    const StarFile cif = parse_star("data_x\n_t 'a'\nloop_\n_p.a _p.b\n1\n2 3\n;four\nfive\n;\n_after 5\n",
                                    "x.cif", StarLayout::free);
    REQUIRE(cif.tables.size() == 3);
    CHECK(cif.tables[1].rows == std::vector<std::vector<std::string>>{{"1", "2"}, {"3", "four\nfive"}});
    ScratchFolder folder;
    write_star(folder / "two.star", {{{"x", {"a"}, {{"1"}}, false}, {"x", {"b"}, {{"2"}, {"3"}}, true}}});
    const std::string text = bytes_of(folder / "two.star");
    CHECK(text.find("data_x") == text.rfind("data_x"));
    CHECK(read_star(folder / "two.star").tables.size() == 2);
}

TEST_CASE("Poses: halves, optics groups and image names that do not fit are named") {
    const std::string head =
        "data_particles\nloop_\n_rlnImageName\n_rlnAngleRot\n_rlnAngleTilt\n_rlnAnglePsi\n";
    CHECK_THAT(poses_fault(head + "1@a 0 nan 0\n"), ContainsSubstring("rlnAngleTilt is 'nan'"));
    CHECK_THAT(poses_fault(head + "0@a 0 0 0\n"), ContainsSubstring("'0@a'"));
    CHECK_THAT(poses_fault(head + "one@a 0 0 0\n"), ContainsSubstring("'one@a'"));
    CHECK_THAT(poses_fault(head + "_rlnRandomSubset\n1@a 0 0 0 3\n"),
               ContainsSubstring("rlnRandomSubset is 3"));
    CHECK_THAT(poses_fault(head + "_rlnOriginX\n1@a 0 0 0 3\n"), ContainsSubstring("rlnOriginY"));
    CHECK_THAT(poses_fault(head + "_rlnOriginX\n_rlnOriginY\n1@a 0 0 0 3 1\n"),
               ContainsSubstring("pixel size"));
    const std::string optics = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n1 0.25\n2 4\n\n";
    const std::string grouped = optics + head + "_rlnOriginX\n_rlnOriginY\n_rlnOpticsGroup\n";
    CHECK_THAT(poses_fault(grouped + "1@a 0 0 0 3 1 7\n"), ContainsSubstring("'7'"));
    CHECK_THAT(poses_fault("data_other\nloop_\n_b\n1\n"), ContainsSubstring("data_particles"));
    ScratchFolder folder;
    put_bytes(folder / "x.star", grouped + "1@a 0 0 0 1.5 -2 2\n2@a 0 0 0 1.5 -2 1\n");
    const auto poses = read_poses(folder / "x.star", 99);
    CHECK(poses.at(0).pose.shift_A == Vec2{-6, 8});
    CHECK(poses.at(1).pose.shift_A == Vec2{-0.375, 0.5});
}

TEST_CASE("Poses: the optics group says no more of the microscope than a lens without aberration") {
    ScratchFolder folder;
    write_poses(folder / "p.star",
                std::vector<ParticlePose>{{{}, 1, 0, (folder / "i.mrcs").string(), 0, 0, false}},
                {0.358, 96});
    const StarFile file = read_star(folder / "p.star");
    const StarTable& optics = *file.find("optics");
    const auto value = [&](const char* column) { return optics.rows.at(0).at(*optics.column(column)); };
    CHECK(value("rlnVoltage") == "300.000000");
    CHECK(value("rlnSphericalAberration") == "0.000000");
    CHECK(value("rlnAmplitudeContrast") == "0.100000");
    CHECK(value("rlnImagePixelSize") == "0.358000");
    CHECK(value("rlnImageSize") == "96");
    CHECK(value("rlnImageDimensionality") == "2");
}

TEST_CASE("Poses: without halves there is no column of halves") {
    ScratchFolder folder;
    const std::string images = (folder / "i.mrcs").string();
    std::vector<ParticlePose> poses{{{}, 0, 1, images, 2.5, 0, true}, {{}, 0, 0, images, 3.5, 0, false}};
    write_poses(folder / "p.star", poses, {0.358, 96});
    CHECK_FALSE(read_star(folder / "p.star").find("particles")->column("rlnRandomSubset"));
    const auto again = read_poses(folder / "p.star");
    CHECK(again.at(0).half == 0);
    CHECK(again.at(0).score == 2.5);
    CHECK(again.at(0).rejected);
    poses[1].half = 2;
    write_poses(folder / "p.star", poses, {0.358, 96});
    CHECK(read_poses(folder / "p.star").at(1).half == 2);
}

TEST_CASE("XYZ: counts, columns and elements that are none are refused with the line") {
    CHECK_THAT(xyz_fault("1e9\n\nPt 1 2 3\n"), ContainsSubstring("'1e9'"));
    CHECK_THAT(xyz_fault("1.5\n\nPt 1 2 3\n"), ContainsSubstring("'1.5'"));
    CHECK_THAT(xyz_fault("-1\n\n"), ContainsSubstring("'-1'"));
    CHECK_THAT(xyz_fault("9223372036854775807\n\nPt 1 2 3\n"), ContainsSubstring("found 1 atoms"));
    CHECK_THAT(xyz_fault("1\n\nXx 1 2 3\n"), ContainsSubstring("line 3") && ContainsSubstring("'Xx'"));
    CHECK_THAT(xyz_fault("1\n\n900 1 2 3\n"),
               ContainsSubstring("line 3") && ContainsSubstring("atomic number"));
    CHECK_THAT(xyz_fault("1\nProperties=species:S:1:pos:R:2\nPt 1 2\n"), ContainsSubstring("pos:R:3"));
    CHECK_THAT(xyz_fault("1\nProperties=species:S:1:pos:R:3x\nPt 1 2 3\n"),
               ContainsSubstring("name:type:count"));
    CHECK_THAT(xyz_fault("1\nProperties=pos:R:3\n1 2 3\n"), ContainsSubstring("species"));
}

TEST_CASE("XYZ: atomic numbers in a plain file, and no negative zeros in ours") {
    ScratchFolder folder;
    put_bytes(folder / "x.xyz", "2\n\npt 1 2 3\n  29\t4 5 6 extra\n");
    const Atoms atoms = read_extxyz(folder / "x.xyz").atoms;
    CHECK(atoms.at(0).element == "Pt");
    CHECK(atoms.at(1).element == "Cu");
    write_extxyz(folder / "y.xyz", {{"Pt", {-0.00001, 2, 3}, {0.01, 0.02, 0.03}, 1, 0.5, 0}});
    const std::string text = bytes_of(folder / "y.xyz");
    CHECK(text.find("-0.0000") == std::string::npos);
    CHECK_THAT(text,
               ContainsSubstring("sigma_definition=\"per_axis_rms\"") && ContainsSubstring("pbc=\"F F F\""));
    CHECK(text.find("Lattice") == std::string::npos);
    write_extxyz(folder / "z.xyz", read_extxyz(folder / "y.xyz").atoms);
    CHECK(bytes_of(folder / "z.xyz") == text);
}

TEST_CASE("Atoms by extension: standard errors survive, as far as the format can hold them") {
    ScratchFolder folder;
    const Atoms atoms = {{"Pt", {1.25, -20.5, 0}, {0.01, 0.02, 0.03}, 1, 0.5, 0.02},
                         {"C", {0, 0, 100.25}, {0.05, 0.05, 0.05}, 0.5, 0.375, 0}};
    for (const char* name : {"a.xyz", "a.cif", "a.pdb"}) {
        CAPTURE(name);
        write_atoms(folder / name, atoms, "title");
        const Atoms again = read_atoms(folder / name);
        REQUIRE(again.size() == 2);
        for (std::size_t i = 0; i < 2; i++) {
            CHECK(again[i].element == atoms[i].element);
            CHECK(length(again[i].position_A - atoms[i].position_A) < 1e-9);
            CHECK(std::abs(sigma_per_axis_A(again[i]) - sigma_per_axis_A(atoms[i])) < 5.1e-5);
        }
    }
    CHECK(read_atoms(folder / "a.cif")[0].sigma_A == Vec3{0.01, 0.02, 0.03});
    CHECK_THAT(sentence_of([] { read_atoms("x.doc"); }), ContainsSubstring(".doc"));
}

TEST_CASE("PDB and mmCIF of others: first model, no error column taken for ours, faults named") {
    ScratchFolder folder;
    const std::string atom = "ATOM      1  CA  ALA A   1      11.104   6.134  -6.504  1.00 20.00";
    put_bytes(folder / "a.pdb",
              "MODEL        1\n" + atom + "\nENDMDL\nMODEL        2\n" + atom + "\nENDMDL\n");
    const Atoms pdb = read_pdb(folder / "a.pdb");
    REQUIRE(pdb.size() == 1);
    CHECK(pdb[0].element == "C");
    CHECK(pdb[0].position_A == Vec3{11.104, 6.134, -6.504});
    CHECK(pdb[0].sigma_A == Vec3{});
    put_bytes(folder / "b.pdb", "REMARK\n" + atom + "          QQ\n");
    CHECK_THAT(sentence_of([&] { read_pdb(folder / "b.pdb"); }),
               ContainsSubstring("b.pdb") && ContainsSubstring("line 2") && ContainsSubstring("'QQ'"));
    const std::string columns =
        "data_x\nloop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n"
        "_atom_site.pdbx_PDB_model_num\n";
    put_bytes(folder / "a.cif", columns + "PT 1.5(2) 2 3 1\nFE 4 5\n6 1\nPT 1 2 3 2\n");
    const Atoms cif = read_mmcif(folder / "a.cif");
    REQUIRE(cif.size() == 2);
    CHECK(cif[0].position_A == Vec3{1.5, 2, 3});
    CHECK(cif[1].element == "Fe");
    put_bytes(folder / "b.cif", columns + "Qq 1 2 3 1\n");
    CHECK_THAT(sentence_of([&] { read_mmcif(folder / "b.cif"); }),
               ContainsSubstring("b.cif") && ContainsSubstring("atom 1") && ContainsSubstring("'Qq'"));
}
