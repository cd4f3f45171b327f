#pragma once
// SIGINT and SIGTERM: the first asks the work to stop after a checkpoint, the second ends the program at
// once.
namespace tumble::app {

/// Installs the handlers. Call once, before work starts.
void watch_for_interrupts();
/// Whether a signal has arrived. Any thread.
bool interrupt_requested();

}  // namespace tumble::app
