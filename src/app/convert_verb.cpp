// `tumble convert`: the same content in another format.
#include <memory>

#include "app/convert.hpp"
#include "app/option_checks.hpp"
#include "app/verb.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

struct ConvertArguments {
    std::string input, output, mode = "float32", bytes = "auto";
    ConvertOptions options;
};

ConvertOptions checked(const ConvertArguments& a) {
    if (a.input.empty() || a.output.empty())
        throw bad_input("convert: two file names were expected, IN and OUT ('tumble help convert')");
    ConvertOptions options = a.options;
    if (a.mode == "float16") options.precision = MrcPrecision::float16;
    if (a.bytes == "signed") options.bytes = MrcBytes::signed_bytes;
    if (a.bytes == "unsigned") options.bytes = MrcBytes::unsigned_bytes;
    return options;
}

}  // namespace

Verb convert_verb(CLI::App& program) {
    const auto a = std::make_shared<ConvertArguments>();
    CLI::App* options = program.add_subcommand("convert", "One format to another, chosen by the extensions");
    options->add_option("IN", a->input, "MRC (.mrc .mrcs .map .gz), EMD (.emd .h5), STAR, atoms (.xyz .cif .pdb)")
        ->type_name("FILE");
    options->add_option("OUT", a->output, "File to write: the extension says the format")->type_name("FILE");
    options
        ->add_option("--pixel-size", a->options.pixel_size_A,
                     "Pixel size to write, in A (default: the input's): corrects a header")
        ->type_name("A")
        ->check(positive_number("A"));
    options
        ->add_option("--mode", a->mode,
                     "Numbers of a written MRC: float32 or float16, half the size but unknown to RELION 3.1 "
                     "(default: float32)")
        ->type_name("TYPE")
        ->check(one_of({"float32", "float16"}));
    options
        ->add_option("--mrc-bytes", a->bytes,
                     "Bytes of a read MRC of mode 0: auto, signed or unsigned (default: auto, what the header says)")
        ->type_name("SIGN")
        ->check(one_of({"auto", "signed", "unsigned"}));
    options
        ->add_option("--map", a->options.map_name, "Which map of an HDF5 file: map, half1, ... (default: the only one)")
        ->type_name("NAME");
    options
        ->add_option("--image-size", a->options.image_size_px,
                     "Side of the images in pixels, for a STAR file of RELION 3.0 whose stack is not at hand")
        ->type_name("N")
        ->check(whole_number(1));
    options->add_flag("--overwrite", a->options.overwrite, "Replace OUT");
    options->footer(
        "Examples: tumble convert result/atoms.xyz atoms.pdb\n"
        "          tumble convert old_30.star new_31.star\n"
        "          tumble convert result/run.h5 half1.mrc --map half1");
    return {options, [a](const std::string&) {
                convert(a->input, a->output, checked(*a));
                return 0;
            }};
}

}  // namespace tumble::app
