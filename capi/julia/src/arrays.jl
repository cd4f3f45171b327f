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

# Calls `call` with the arrays as the library sees them and keeps them alive meanwhile.
function lending(call, arrays::StridedArray...)
    GC.@preserve arrays call(map(array -> Ref(described(array)), arrays)...)
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
