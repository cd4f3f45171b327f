# The result's arrays that are shown as they lie, under the names that they have here.
const ARRAYS = (map = "map", half1 = "half1", half2 = "half2", mask = "mask", positions = "atom_positions", sigmas = "atom_sigmas",
                heights = "atom_heights", shifts = "shifts", scores = "scores")

"""
What a reconstruction gives. Arrays are for reading, lent by the library and valid for as long as somebody holds them.

    map, half1, half2, mask   Float32 [x, y, z]: restored (atoms positive); unfiltered half maps; 0 to 1
    positions, sigmas         Float64 [1:3, atom], A from the map's origin; their standard errors, A
    heights                   Float64 [atom], relative to the median atom
    rotations                 Float64 [row, column, image]
    shifts                    Float64 [1:2, image], A
    scores                    Float64 [image], held-out log-likelihood ratio
    rejected                  Bool [image]: images that count nowhere
    verdict, reasons          "ok", "doubtful" or "failed"; sentences, none where it is ok
    resolution                1 / frequency where the FSC falls below 0.143, A

`Tumble.array`, `Tumble.number` and `Tumble.text` give everything else by its name in tumble.h.
"""
struct Result
    handle::Handle
end

"An array by its name in tumble.h (tumble_result_array), as it lies: with its axes reversed."
function array(result::Result, name)
    handle = getfield(result, :handle)
    return lent(out -> tumble_result_array(handle, name, out), handle)
end

"A number by its name in tumble.h (tumble_result_number)."
function number(result::Result, name)
    value = Ref(0.0)
    check(tumble_result_number(getfield(result, :handle), name, value))
    return value[]
end

"A text by its name in tumble.h (tumble_result_text)."
function text(result::Result, name)
    handle, needed = getfield(result, :handle), Ref{Int64}(0)
    check(tumble_result_text(handle, name, C_NULL, 0, needed))
    buffer = Vector{UInt8}(undef, needed[])
    check(tumble_result_text(handle, name, buffer, needed[], C_NULL))
    return String(buffer[1:(end - 1)])
end

function Base.getproperty(result::Result, name::Symbol)
    haskey(ARRAYS, name) && return array(result, ARRAYS[name])
    name === :rotations && return PermutedDimsArray(array(result, "rotations"), (2, 1, 3))
    name === :rejected && return array(result, "rejected") .!= 0
    name === :verdict && return text(result, "verdict")
    name === :reasons && return split(text(result, "reasons"), '\n'; keepempty = false)
    name === :resolution && return number(result, "resolution_0143_A")
    return getfield(result, name)
end

Base.propertynames(::Result) = (keys(ARRAYS)..., :rotations, :rejected, :verdict, :reasons, :resolution)

function Base.show(io::IO, result::Result)
    print(io, "Tumble.Result: ", result.verdict, ", ", size(result.positions, 2), " atoms, ", round(result.resolution; digits = 3), " A")
end
