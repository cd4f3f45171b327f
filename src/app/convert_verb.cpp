// `tumble convert`: the same content in another format.
#include <memory>

#include "app/convert.hpp"
#include "app/verb.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

struct ConvertArguments {
    std::string input, output;
    bool overwrite = false;
    ConvertOptions options;
};

}  // namespace

Verb convert_verb(CLI::App& program) {
    const auto a = std::make_shared<ConvertArguments>();
    CLI::App* options = program.add_subcommand("convert", "One format to another, chosen by the extensions");
    options->add_option("IN", a->input, "MRC (.mrc .mrcs .map .gz), STAR, atoms (.xyz .cif .pdb)")
        ->type_name("FILE");
    options->add_option("OUT", a->output, "File to write: the extension says the format")->type_name("FILE");
    options->footer(
        "Examples: tumble convert result/atoms.xyz atoms.pdb\n          tumble convert old_30.star "
        "new_31.star");
    return {
        options, [a](const std::string&) {
            if (a->input.empty() || a->output.empty())
                throw bad_input("convert: two file names were expected, IN and OUT ('tumble help convert')");
            convert(a->input, a->output, a->options);
            return 0;
        }};
}

}  // namespace tumble::app
