# The shared library, its failures and its handles.
using Libdl: dlopen, dlsym

# Opened when the package is loaded, not when it is precompiled: TUMBLE_LIBRARY may change in between.
const library = Ref{Ptr{Cvoid}}(C_NULL)

symbol(name::Symbol) = dlsym(library[], name)

function __init__()
    name = get(ENV, "TUMBLE_LIBRARY", "")
    name = isempty(name) ? "libtumble" : name
    library[] = dlopen(name)
    found = tumble_abi_number()
    found == TUMBLE_ABI || error("$name has ABI number $found, this package expects $TUMBLE_ABI")
end

"Version of the library in use."
version() = VersionNumber(unsafe_string(tumble_version()))

"A failure of the library: its sentence, and its `status`, see tumble.h."
struct TumbleError <: Exception
    status::Int32
    sentence::String
end

Base.showerror(io::IO, error::TumbleError) = print(io, "TumbleError: ", error.sentence, " (status ", error.status, ")")

function check(status)
    status == TUMBLE_OK || throw(TumbleError(status, unsafe_string(tumble_last_error())))
    return nothing
end

# An opaque handle, which is given back when nothing refers to it any more. As an argument of @ccall it stays alive for the call.
mutable struct Handle
    pointer::Ptr{Cvoid}
end

Base.unsafe_convert(::Type{Ptr{Cvoid}}, handle::Handle) = handle.pointer

owned(pointer, destroy) = finalizer(destroy, Handle(pointer))

# create: a function of an out pointer that returns a status.
function created(create, destroy)
    out = Ref{Ptr{Cvoid}}(C_NULL)
    check(create(out))
    return owned(out[], destroy)
end
