// EventLoops: the threads that move bytes, shared by all servers of a process. It keeps NIO out of the composition.

import NIOCore
import NIOPosix

/// The event loops of a process.
package final class EventLoops: Sendable {
    let group: MultiThreadedEventLoopGroup

    /// Starts the loops.
    /// - Parameter count: how many; nil for one per available core.
    package init(count: Int? = nil) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, count ?? AvailableCores.count))
    }

    /// Stops the loops and waits for it; blocks, so never from a loop. The servers have to be drained before.
    package func shutDown() throws {
        try group.syncShutdownGracefully()
    }
}
