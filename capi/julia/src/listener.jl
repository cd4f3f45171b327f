# What the callbacks work with. They get it as their user data: function pointers to closures do not exist on every processor.
mutable struct Listener
    progress::Any
    log::Any
    context::Handle
    raised::Any
end

# An exception cannot pass through the library: it is kept, the work cancelled, and it is thrown afterwards.
function on_progress(progress::Ptr{tumble_progress}, user::Ptr{Cvoid})::Int32
    listener = unsafe_pointer_to_objref(user)::Listener
    try
        return reenable_sigint() do
            told = unsafe_load(progress)
            listener.progress(unsafe_string(told.stage), told.fraction, Int(told.round)) === true
        end
    catch error
        listener.raised = error
        return 1
    end
end

function on_log(line::Ptr{UInt8}, user::Ptr{Cvoid})::Cvoid
    listener = unsafe_pointer_to_objref(user)::Listener
    try
        reenable_sigint(() -> listener.log(unsafe_string(line)))
    catch error
        listener.raised = error
        tumble_context_cancel(listener.context)
    end
    return nothing
end

silent(arguments...) = nothing

# Both callbacks are set even where nobody listens: in them Julia sees Ctrl-C, and other threads that wait to collect garbage go on.
function listening(progress, log)
    context = created(tumble_context_create, tumble_context_destroy)
    listener = Listener(progress, log, context, nothing)
    user = pointer_from_objref(listener)
    check(tumble_context_set_progress(context, @cfunction(on_progress, Int32, (Ptr{tumble_progress}, Ptr{Cvoid})), user))
    check(tumble_context_set_log(context, @cfunction(on_log, Cvoid, (Ptr{UInt8}, Ptr{Cvoid})), user))
    return listener
end

# Long work: a function of the listener's context that returns a status. Ctrl-C is let through inside the callbacks alone, where
# it can be caught.
function reported(work, listener::Listener)
    status = GC.@preserve listener disable_sigint(() -> work(listener.context))
    raised, listener.raised = listener.raised, nothing
    raised === nothing || throw(raised)
    # The context's sentence and not the thread's: a callback that waits may let the task go on in another thread.
    status == TUMBLE_OK || throw(TumbleError(status, unsafe_string(tumble_context_error(listener.context))))
    return nothing
end
