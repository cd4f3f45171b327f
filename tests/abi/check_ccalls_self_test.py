#!/usr/bin/env python3
"""check_ccalls.py finds what it is for: one mismatch after the other is put into a small header and a package that agree."""
import sys

from check_ccalls import mismatches, version_mismatch

HEADER = """
#define TUMBLE_API __attribute__((visibility("default")))
/** Raised by every change; struct tumble_nothing { int no; } is only in this comment. */
#define TUMBLE_ABI 0
#define TUMBLE_MAX 8 /**< of axes */
typedef int32_t tumble_status;
typedef struct tumble_array {
    uint64_t struct_size; /**< set by the caller */
    void *data;
    int32_t dtype;
    int64_t shape[TUMBLE_MAX];
} tumble_array;
typedef struct tumble_search tumble_search;
typedef struct tumble_told {
    const char *stage;
    double fraction;
} tumble_told;
typedef int32_t (*tumble_listener)(const tumble_told *told, void *user);
TUMBLE_API const char *tumble_version(void);
TUMBLE_API tumble_status tumble_search_create(const tumble_array *images, tumble_search **search);
TUMBLE_API void tumble_search_destroy(tumble_search *search);
TUMBLE_API tumble_status tumble_search_step(tumble_search *search, const char *rule, int64_t steps,
                                            double width_A, double *score);
TUMBLE_API tumble_status tumble_search_listen(tumble_search *search, tumble_listener listener, void *user);
TUMBLE_API tumble_status tumble_search_text(const tumble_search *search, char *buffer, int64_t capacity);
"""

JULIA = '''
const TUMBLE_ABI = 0
const TUMBLE_MAX = 8
struct tumble_array
    struct_size::UInt64
    data::Ptr{Cvoid}
    dtype::Int32
    shape::NTuple{TUMBLE_MAX, Int64}
end
tumble_array() = tumble_array(sizeof(tumble_array), C_NULL, 0, ntuple(_ -> 0, TUMBLE_MAX))
struct tumble_told
    stage::Ptr{UInt8}
    fraction::Float64
end
tumble_version() = @ccall $(symbol(:tumble_version))()::Cstring
tumble_search_create(images, search) =
    @ccall $(symbol(:tumble_search_create))(images::Ref{tumble_array}, search::Ptr{Ptr{Cvoid}})::Int32
tumble_search_destroy(search) = @ccall $(symbol(:tumble_search_destroy))(search::Ptr{Cvoid})::Cvoid
tumble_search_step(search, rule, steps, width_A, score) =
    @ccall $(symbol(:tumble_search_step))(search::Ptr{Cvoid}, rule::Cstring, steps::Int64,
                                          width_A::Cdouble, score::Ref{Float64})::Int32
tumble_search_listen(search, listener, user) =
    @ccall $(symbol(:tumble_search_listen))(search::Ptr{Cvoid}, listener::Ptr{Cvoid}, user::Ptr{Cvoid})::Int32
tumble_search_text(search, buffer, capacity) =
    @ccall libtumble.tumble_search_text(search::Ptr{Cvoid}, buffer::Ptr{UInt8}, capacity::Int64)::Int32

"""A text with an end, a ) and a tumble_nothing, $(string("(", 1))."""
function on_told(told::Ptr{tumble_told}, user::Ptr{Cvoid})::Int32
    return 0  # end ] tumble_nothing
end

function listen(search, values)
    last = values[end]' * values[begin]' + sum(x for x in values[1:(end - 1)] if x > 0)  #= end =#
    check(tumble_search_listen(search, @cfunction(on_told, Int32, (Ptr{tumble_told}, Ptr{Cvoid})), last == ')' ? C_NULL : C_NULL))
    map(values) do value
        value === :end && return if value isa Char "end" else "no $(join(["(", "end"]))" end
    end
end
'''

# (in the header or the package, what stands there, what it becomes, words of the finding)
SEEDS = [
    ("julia", "(symbol(:tumble_version))", "(symbol(:tumble_versions))", "p.jl:15: found @ccall of tumble_versions, expected a function"),
    ("julia", "search::Ptr{Ptr{Cvoid}}", "search::Ptr{Cvoid}", "p.jl:17: found Ptr{Cvoid} for argument 2 of tumble_search_create"),
    ("julia", "images::Ref{tumble_array}", "images::Ptr{tumble_told}", "Ptr{tumble_told} for argument 1"),
    ("julia", "images::Ref{tumble_array}", "images::tumble_array", "tumble_array for argument 1"),
    ("julia", "steps::Int64", "steps::Int32", "p.jl:20: found Int32 for argument 3"),
    ("julia", "steps::Int64", "steps", "no type for argument 3"),
    ("julia", "width_A::Cdouble", "width_A::Float32", "p.jl:21: found Float32 for argument 4"),
    ("julia", "score::Ref{Float64}", "score::Float64", "Float64 for argument 5"),
    ("julia", "score::Ref{Float64}", "score::Ref{Int64}", "Ref{Int64} for argument 5"),
    ("julia", "rule::Cstring", "rule::Ptr{Cvoid}", "Ptr{Cvoid} for argument 2"),
    ("julia", "buffer::Ptr{UInt8}", "buffer::Cstring", "Cstring for argument 2 of tumble_search_text"),
    ("julia", ", score::Ref{Float64}", "", "4 arguments of tumble_search_step, expected 5"),
    ("julia", "()::Cstring", "()::Int32", "Int32 for the result of tumble_version"),
    ("julia", "()::Cstring", "()", "no type for the result of tumble_version"),
    ("julia", "(search::Ptr{Cvoid})::Cvoid", "(search::Ptr{Cvoid})::Int32", "Int32 for the result of tumble_search_destroy"),
    ("julia", "tumble_version() = @ccall", "tumble_version() = #= @ccall =#", "include/tumble.h:19: found no @ccall for tumble_version"),
    ("julia", "@ccall $(symbol(:tumble_version))()", "@ccall $(other(:tumble_version))()", "a call that cannot be read here"),
    ("julia", "@ccall $(symbol(:tumble_version))()", "ccall((:tumble_version, library), Cstring, ())", "a call that cannot be read here"),
    ("julia", "    dtype::Int32\n", "", "found 3 fields of tumble_array, expected 4"),
    ("julia", "    dtype::Int32\n", "    dtype::Int64\n", "p.jl:7: found dtype::Int64 in tumble_array"),
    ("julia", "struct_size::UInt64\n    data::Ptr{Cvoid}", "data::Ptr{Cvoid}\n    struct_size::UInt64",
     "found data::Ptr{Cvoid} in tumble_array"),
    ("julia", "{TUMBLE_MAX, Int64}", "{4, Int64}", "found shape::NTuple{4, Int64}"),
    ("julia", "struct tumble_told", "mutable struct tumble_told", "found mutable struct tumble_told"),
    ("julia", "    fraction::Float64\n", "    fraction::Ref{Float64}\n", "found fraction::Ref{Float64}"),
    ("julia", "C_NULL, 0, ntuple(_ -> 0, TUMBLE_MAX))", "C_NULL, ntuple(_ -> 0, TUMBLE_MAX))", "3 arguments of tumble_array, expected 4"),
    ("julia", "const TUMBLE_ABI = 0", "const TUMBLE_ABI = 1", "p.jl:2: found TUMBLE_ABI = 1, expected 0"),
    ("julia", "const TUMBLE_MAX = 8", "", "found no constant for TUMBLE_MAX"),
    ("julia", "return 0 ", "return TUMBLE_NOTHING", "found TUMBLE_NOTHING, expected a name of tumble.h"),
    ("julia", "check(tumble_search_listen(search, ", "check(tumble_search_listen(", "2 arguments of tumble_search_listen, expected 3"),
    ("julia", "@cfunction(on_told, Int32, (Ptr{tumble_told}, ", "@cfunction(on_told, Int32, (Ptr{tumble_array}, ",
     "@cfunction of (Ptr{tumble_array}"),
    ("julia", "@cfunction(on_told, Int32", "@cfunction(on_told, Cvoid", "@cfunction of (Ptr{tumble_told}, Ptr{Cvoid}) to Cvoid"),
    ("julia", "@cfunction(on_told", "@cfunction(on_said", "found @cfunction of on_said"),
    ("julia", "(told::Ptr{tumble_told}, user::Ptr{Cvoid})::Int32", "(told::Ptr{tumble_told})::Int32", "1 arguments of on_told, expected 2"),
    ("julia", '"no $(join(["(", "end"]))" end\n', '"no $(join(["(", "end"]))"\n', "'function' without its end"),
    ("julia", "    return 0 ", "    end; return 0 ", "p.jl:30: found 'end', expected nothing more to close"),
    ("julia", "values[1:(end - 1)]", "values[1:(end - 1]", "found ']', expected ')' for the '('"),
    ("julia", "map(values) do value", "map(values) value", "found 'end', expected nothing more to close"),
    ("julia", "(end - 1)] if x > 0)", "(end - 1)] if x > 0", "found 'end', expected ')' for the '('"),
    ("header", "int64_t steps", "int32_t steps", "Int64 for argument 3"),
    ("header", "int64_t steps,", "", "5 arguments of tumble_search_step, expected 4"),
    ("header", "    int32_t dtype;\n", "    int32_t dtype;\n    int32_t memory;\n", "found 4 fields of tumble_array, expected 5"),
    ("header", "tumble_search_text(", "tumble_search_words(", "found no @ccall for tumble_search_words"),
    ("header", "} tumble_told;", "} tumble_told;\ntypedef struct tumble_pose { double shift; } tumble_pose;",
     "found no structure for tumble_pose"),
    ("header", "#define TUMBLE_MAX 8", "#define TUMBLE_MAX 9", "found TUMBLE_MAX = 8, expected 9"),
]


def main():
    failures = [f"these agree: {finding}" for finding in mismatches(HEADER, {"p.jl": JULIA})]
    for where, old, new, words in SEEDS:
        texts = {"header": HEADER, "julia": JULIA}
        if texts[where].count(old) < 1:
            failures.append(f"the {where} has no '{old}' to change")
        texts[where] = texts[where].replace(old, new, 1)
        findings = mismatches(texts["header"], {"p.jl": texts["julia"]})
        if not any(words in finding for finding in findings):
            failures.append(f"'{old}' -> '{new}': found {findings}, expected '{words}'")
    agree, differ = (version_mismatch(f"project(tumble VERSION {v} ", 'version = "0.1.0"') for v in ("0.1.0", "0.2.0"))
    if agree or not differ:
        failures.append("versions are not compared")
    print("\n".join(failures) if failures else f"{len(SEEDS) + 1} mismatches were put in, and found")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
