# Julia's arrays as the library sees them, and the library's as Julia does: the same memory with shape and strides reversed.

const ELEMENTS = Dict{Int, DataType}(TUMBLE_FLOAT32 => Float32, TUMBLE_FLOAT64 => Float64, TUMBLE_INT32 => Int32, TUMBLE_UINT8 => UInt8,
                                     TUMBLE_INT8 => Int8, TUMBLE_INT16 => Int16, TUMBLE_UINT16 => UInt16)

function number_of(element::Type)
    for (number, known) in ELEMENTS
        known === element && return number
    end
    throw(ArgumentError("found elements of $element, expected one of $(join(values(ELEMENTS), ", "))"))
end

# The array itself where its elements are of type T and lie at regular steps, else a copy of that kind.
strided(::Type{T}, array::StridedArray{T}) where {T} = array
strided(::Type{T}, array::AbstractArray) where {T} = Array{T}(array)

# The caller keeps the array alive.
function described(array::StridedArray)
    dimensions = ndims(array)
    dimensions <= TUMBLE_MAX_DIMENSIONS ||
        throw(ArgumentError("found an array of $dimensions dimensions, expected at most $TUMBLE_MAX_DIMENSIONS"))
    reversed(extents) = ntuple(axis -> axis <= dimensions ? extents[dimensions + 1 - axis] : 0, TUMBLE_MAX_DIMENSIONS)
    return tumble_array(sizeof(tumble_array), pointer(array), number_of(eltype(array)), TUMBLE_MEMORY_HOST, 0, dimensions,
                        reversed(size(array)), reversed(strides(array)))
end

# rotations[row, column, image]: the library's matrices lie row by row, Julia's column by column, so two strides change places.
struct Rotations{A <: StridedArray}
    array::A
end

function described(rotations::Rotations)
    lies = described(rotations.array)
    lies.dimensions == 3 || throw(ArgumentError("found rotations of $(lies.dimensions) dimensions, expected [row, column, image]"))
    exchanged(extents) = (extents[1], extents[3], extents[2], extents[4:end]...)
    return tumble_array(lies.struct_size, lies.data, lies.dtype, lies.memory, lies.device, lies.dimensions, exchanged(lies.shape),
                        exchanged(lies.stride))
end

# Nothing is NULL, where the library takes that.
reference_to(array) = Ref(described(array))
reference_to(::Nothing) = C_NULL

# Calls `call` with the arrays as the library sees them and keeps them alive meanwhile.
function lending(call, arrays::Union{StridedArray, Rotations, Nothing}...)
    GC.@preserve arrays call(map(reference_to, arrays)...)
end

"An array that the library lends, for reading: no copy, and valid for as long as somebody holds it. `copy` gives an `Array`."
struct Lent{T, N} <: DenseArray{T, N}
    array::Array{T, N}
    owner::Handle
end

Base.size(lent::Lent) = size(lent.array)
Base.strides(lent::Lent) = strides(lent.array)
Base.elsize(::Type{<:Lent{T}}) where {T} = sizeof(T)
Base.unsafe_convert(::Type{Ptr{T}}, lent::Lent{T}) where {T} = pointer(lent.array)
Base.IndexStyle(::Type{<:Lent}) = IndexLinear()
Base.@propagate_inbounds Base.getindex(lent::Lent, index::Int) = lent.array[index]

# Whether the library's memory lies behind it: that is for reading alone.
is_lent(array) = array isa Lent || (parent(array) !== array && is_lent(parent(array)))

# The array itself where the library may write its T there, else a copy.
writable(::Type{T}, array::AbstractArray) where {T} = array isa StridedArray{T} && !is_lent(array) ? array : Array{T}(array)

# fill: a function of a pointer to a tumble_array that returns a status.
function lent(fill, owner::Handle)
    out = Ref(tumble_array())
    check(fill(out))
    array = out[]
    T, dimensions = ELEMENTS[array.dtype], Int(array.dimensions)
    extents = ntuple(axis -> Int(array.shape[dimensions + 1 - axis]), dimensions)
    array.data == C_NULL && return Lent(zeros(T, extents), owner)
    return Lent(unsafe_wrap(Array, Ptr{T}(array.data), extents), owner)
end
