// ImportReader: the reading half of an import, on a thread of its own: rows are read, judged and, where that was asked for, wrapped,
// while the store writes the batch before. A few batches wait at most, so memory is bounded.

import DjangoData
import MartletCryptography
import MartletEncoding
import MartletThreads
import PasswordHashing
import Store

/// Rows that were judged.
struct ImportBatch: Sendable {
    var accounts: [ImportRules.Account] = []
    var skipped: [SkippedRow] = []
    var rows: Int64 = 0
    /// The last of the rows.
    var position: DjangoPosition
}

final class ImportReader: Sendable {
    private let waiting = Monitor(Waiting())
    private let thread: Thread

    private struct Waiting {
        var batches: [Result<ImportBatch, CommandFailure>] = []
        var isAtEnd = false
        var isStopped = false
    }

    /// How rows become batches.
    struct Work: Sendable {
        var source: DjangoSource
        var rules: ImportRules
        /// Wraps weak hashes; nil where none are wrapped.
        var wrapper: HashWrapper?
        /// Whether an account is there already, whose hash need not be wrapped then.
        var isPresent: @Sendable (_ externalID: String) throws(StoreError) -> Bool
        var now: UnixTime
        var random: RandomSource

        /// Rows of a batch. Each is one transaction, which keeps a running service waiting for some tenths of a second, and what
        /// has to be done again after the end of the process; but the more rows, the fewer times a page of an index is written.
        var rows: Int { wrapper == nil ? 5000 : 200 }

        /// The next batch behind a position; nil at the end.
        func batch(after position: DjangoPosition?) throws(CommandFailure) -> ImportBatch? {
            let read: DjangoBatch?
            do throws(DjangoDataError) {
                read = try source.users(after: position, limit: rows)
            } catch {
                throw CommandFailure(error)
            }
            guard let read else { return nil }
            var batch = ImportBatch(position: read.position)
            batch.rows = Int64(read.rows.count)
            let random = random.pooled(bytes: 16 * read.rows.count)
            for row in read.rows {
                switch row {
                case .unreadable(let key, let why):
                    batch.skipped.append(SkippedRow(key: key, username: nil, reason: .unreadable, detail: why))
                case .user(let user):
                    do throws(ImportRules.Refusal) {
                        batch.accounts.append(try rules.account(of: user, at: now, random: random))
                    } catch {
                        batch.skipped.append(
                            SkippedRow(key: user.key, username: user.username, reason: error.reason, detail: error.detail))
                    }
                }
            }
            try wrap(&batch)
            return batch
        }

        private func wrap(_ batch: inout ImportBatch) throws(CommandFailure) {
            guard let wrapper else { return }
            var indices: [Int] = []
            for (index, account) in batch.accounts.enumerated() where account.unwrapped != nil {
                do throws(StoreError) {
                    if try !isPresent(account.user.externalID) { indices.append(index) }
                } catch {
                    throw CommandFailure("The database cannot be used: \(error.detail)")
                }
            }
            let wrapped = try wrapper.wrap(indices.compactMap { batch.accounts[$0].unwrapped })
            for (index, hash) in zip(indices, wrapped) {
                batch.accounts[index].user.passwordHash = hash.encoded
                batch.accounts[index].scheme = hash.scheme
            }
        }
    }

    /// Begins to read behind a position. Throws when the system gives no thread.
    init(_ work: Work, after start: DjangoPosition?) throws(CommandFailure) {
        let waiting = waiting
        let thread = Thread {
            var position = start
            while true {
                do throws(CommandFailure) {
                    guard let batch = try work.batch(after: position) else { break }
                    position = batch.position
                    guard Self.put(.success(batch), waiting) else { return }
                } catch {
                    _ = Self.put(.failure(error), waiting)
                    return
                }
            }
            waiting.withLock { $0.isAtEnd = true }
            waiting.broadcast()
        }
        guard let thread else { throw CommandFailure("The system gives no thread to read with.") }
        self.thread = thread
    }

    /// The next batch; nil at the end.
    func next() throws(CommandFailure) -> ImportBatch? {
        let next = waiting.wait { waiting -> Result<ImportBatch, CommandFailure>?? in
            if !waiting.batches.isEmpty { return .some(waiting.batches.removeFirst()) }
            return waiting.isAtEnd ? .some(nil) : nil
        }
        waiting.broadcast()
        return try next?.get()
    }

    /// Ends the thread, whatever is left to read.
    func stop() {
        waiting.withLock { $0.isStopped = true }
        waiting.broadcast()
        thread.join()
    }

    /// Waits for room; false when nobody wants more.
    private static func put(_ batch: Result<ImportBatch, CommandFailure>, _ waiting: Monitor<Waiting>) -> Bool {
        let isWanted = waiting.wait { waiting -> Bool? in
            if waiting.isStopped { return false }
            guard waiting.batches.count < most else { return nil }
            waiting.batches.append(batch)
            return true
        }
        waiting.broadcast()
        return isWanted
    }

    private static let most = 2
}

extension RandomSource {
    /// A source for one thread that draws so many bytes at once, and more only when these are used up.
    fileprivate func pooled(bytes size: Int) -> RandomSource {
        let pool = Pool(bytes(size))
        return RandomSource { count in pool.take(count) ?? self.bytes(count) }
    }

    /// @unchecked: a batch is judged by one thread.
    private final class Pool: @unchecked Sendable {
        private let bytes: [UInt8]
        private var used = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func take(_ count: Int) -> [UInt8]? {
            guard used + count <= bytes.count else { return nil }
            defer { used += count }
            return Array(bytes[used..<used + count])
        }
    }
}
