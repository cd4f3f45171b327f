const OPTION_TYPES = Dict{Int, Type}(TUMBLE_OPTION_INT64 => Int64, TUMBLE_OPTION_FLOAT64 => Float64, TUMBLE_OPTION_TEXT => String)

function option(index)
    row = Ref(tumble_option())
    check(tumble_option_describe(index, row))
    described = row[]
    return (name = unsafe_string(described.name), type = OPTION_TYPES[described.type], unit = unsafe_string(described.unit),
            default = unsafe_string(described.default_value), minimum = described.minimum, maximum = described.maximum,
            choices = split(unsafe_string(described.choices), '|'; keepempty = false), text = unsafe_string(described.text))
end

"The table of options: name, type, unit, default, minimum, maximum, choices, text."
options() = [option(index) for index in 0:(tumble_option_count() - 1)]

written(value) = string(value)
written(values::Union{Tuple, AbstractVector}) = join(values, ",")

# An option under its name with "_" for "-". A name that is not in the table goes to the library, which knows what to say.
function set_option(handle::Handle, name::Symbol, value)
    key = replace(String(name), '_' => '-')
    table = options()
    row = findfirst(row -> row.name == key, table)
    type = row === nothing ? String : table[row].type
    if type === Int64
        check(tumble_options_set_int64(handle, key, value))
    elseif type === Float64
        check(tumble_options_set_float64(handle, key, value))
    else
        check(tumble_options_set_text(handle, key, written(value)))
    end
end

function set_poses(handle::Handle, rotations::AbstractArray, shifts::AbstractArray)
    check(lending((r, t) -> tumble_options_set_poses(handle, r, t), Rotations(strided(Float64, rotations)), strided(Float64, shifts)))
end

function set_reference(handle::Handle, map::AbstractArray, voxel_size::Real)
    check(lending(array -> tumble_options_set_reference(handle, array, voxel_size), strided(Float32, map)))
end

function set_halves(handle::Handle, halves::AbstractVector)
    check(lending(array -> tumble_options_set_halves(handle, array), strided(Int32, halves)))
end
