// DjangoImport: the writing half: a batch is one transaction, in which the progress is stored as well.
//
//     reader's thread: rows ─▶ judged ─▶ wrapped ─▶ ┆ a few batches ┆ ─▶ importUser … progress ─▶ COMMIT (the store's thread)

import DjangoData
import MartletCryptography
import MartletEncoding
import PasswordHashing
import Store

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct DjangoImport {
    var source: DjangoSource
    var rules: ImportRules
    var wrapper: HashWrapper?
    var store: any Store
    var errors: SkippedRowsFile
    /// Names the source and the rules: a run with the same name goes on where the last one ended.
    var run: String
    var now: UnixTime
    var random: RandomSource

    /// What came of a run.
    struct Outcome {
        var tally: ImportTally
        /// Some of the rows that this process skipped.
        var examples: [SkippedRow]
        /// Rows that an earlier process had done.
        var resumedAfter: Int64
    }

    /// Imports what is left of this run. Throws what ended it; the next call goes on behind the last batch.
    func callAsFunction() throws -> Outcome {
        var progress = try resumed()
        let resumedAfter = progress.tally[.read]
        var examples: [SkippedRow] = []
        if resumedAfter > 0 {
            Terminal.note("Going on behind the \(Quantity.count(resumedAfter)) rows of a run that was ended on the way.")
        }
        if progress.stage == .users {
            try importUsers(&progress, &examples)
            progress.stage = .tokens
            progress.position = nil
        }
        if progress.stage == .tokens { try importTokens(&progress, &examples) }
        try finish(&progress)
        return Outcome(tally: progress.tally, examples: examples, resumedAfter: resumedAfter)
    }

    /// The stored progress of this run, or that of a new one.
    private func resumed() throws -> ImportProgress {
        var progress = ImportProgress(run: run)
        let stored = try telling { try store.read { reads throws(StoreError) in try reads.fact(.importProgress) } }
        if let stored = stored.flatMap(ImportProgress.init(text:)), stored.run == run, stored.stage != .done { progress = stored }
        if progress.errorsPath != errors.path {
            progress.errorsPath = errors.path
            progress.errorsLength = 0
        }
        _ = try errors.put([], at: progress.errorsLength)
        return progress
    }

    private func importUsers(_ progress: inout ImportProgress, _ examples: inout [SkippedRow]) throws {
        let done = progress.tally[.read]
        let total = try done + reading { () throws(DjangoDataError) in try source.countUsers(after: progress.position) }
        try sayHowLongWrappingTakes(after: progress.position)
        let store = store
        let work = ImportReader.Work(
            source: source, rules: rules, wrapper: wrapper,
            isPresent: { id throws(StoreError) in try store.read { reads throws(StoreError) in try reads.user(externalID: id) != nil } },
            now: now, random: random)
        let reader = try ImportReader(work, after: progress.position)
        defer { reader.stop() }
        var line = ProgressLine("importing", unit: "rows", first: done)
        while let batch = try reader.next() {
            let stored = try write(batch, behind: progress)
            progress = stored.progress
            examples += stored.skipped.prefix(Self.examples - examples.count)
            line.show(progress.tally[.read], of: total)
            usleep(Self.pause)
        }
        line.finish(progress.tally[.read], of: total)
    }

    private func importTokens(_ progress: inout ImportProgress, _ examples: inout [SkippedRow]) throws {
        let (now, errors) = (now, errors)
        while let batch = try reading({ [progress] () throws(DjangoDataError) in
            try source.blacklistedTokens(after: progress.position, limit: Self.tokens)
        }) {
            let skipped = batch.unreadable.map(SkippedRow.unreadableToken)
            let alive = batch.tokens.filter { $0.expiresAt > now }
            var next = progress
            next.position = batch.position
            next.tally.add(.noted, Int64(alive.count))
            next.tally.add(.expired, Int64(batch.tokens.count - alive.count))
            next.tally.add(.unreadable, Int64(skipped.count))
            for row in skipped { next.tally.add(row.reason) }
            progress = try write { [next] transaction throws(StoreError) in
                var next = next
                for token in alive { try OldTokens.note(token.jti, until: token.expiresAt, in: transaction) }
                next.errorsLength = try errors.putting(skipped, at: next.errorsLength)
                try transaction.setFact(.importProgress, next.text)
                return next
            }
            examples += skipped.prefix(Self.examples - examples.count)
        }
    }

    private func finish(_ progress: inout ImportProgress) throws {
        progress.stage = .done
        let now = now
        let made = progress.tally[.created]
        try write { [progress] transaction throws(StoreError) in
            if made > 0 {
                try transaction.record(
                    .usersImported, target: nil, result: .success, detail: "\(made) from Django", audit: commandLine, at: now)
            }
            try transaction.setFact(.importProgress, progress.text)
        }
    }

    /// Stores a batch, and the errors in it beside.
    private func write(_ batch: ImportBatch, behind progress: ImportProgress) throws -> (progress: ImportProgress, skipped: [SkippedRow]) {
        let (now, errors) = (now, errors)
        return try write { transaction throws(StoreError) in
            var progress = progress
            progress.position = batch.position
            progress.tally.add(.read, batch.rows)
            var skipped = batch.skipped
            for account in batch.accounts {
                switch try transaction.importUser(account.user, audit: commandLine, at: now) {
                case .created(let matchesExactly, let emailLeftUnverified):
                    progress.tally.add(account)
                    if matchesExactly { progress.tally.add(.exact) }
                    if emailLeftUnverified { progress.tally.add(.unverified) }
                case .present: progress.tally.add(.present)
                case .usernameTaken: skipped.append(.usernameTaken(account.user))
                case .idTaken: throw .unavailable(detail: "a new id is there already")
                }
            }
            for row in skipped { progress.tally.add(row.reason) }
            progress.errorsLength = try errors.putting(skipped, at: progress.errorsLength)
            try transaction.setFact(.importProgress, progress.text)
            return (progress, skipped)
        }
    }

    /// Runs a verb, once more when the running service, which writes too, kept the database for too long.
    private func write<Value: Sendable>(
        _ verb: @escaping @Sendable (any StoreTransaction) throws(StoreError) -> Value
    ) throws -> Value {
        for _ in 1..<Self.attempts {
            do throws(StoreError) { return try store.write(verb) } catch {}
        }
        return try telling { try store.write(verb) }
    }

    private func sayHowLongWrappingTakes(after position: DjangoPosition?) throws {
        guard let wrapper else { return }
        let weak = try reading { () throws(DjangoDataError) in try source.countWeakPasswords(after: position) }
        guard weak > 0 else { return }
        let each = try wrapper.measure()
        Terminal.note(
            """
            Wrapping \(Quantity.count(weak)) weak hashes at \(Int((each * 1000).rounded())) ms each, \(HashWrapper.threads) at a time, \
            takes about \(Quantity.duration(seconds: each * Double(weak) / Double(HashWrapper.threads))).
            """)
    }

    static let examples = 10
    /// Microseconds in which a running service, which asks for the lock now and then, gets it.
    private static let pause: UInt32 = 15_000
    private static let tokens = 1000
    private static let attempts = 3
}

/// What a source throws, as a command's failure.
func reading<Value>(_ body: () throws(DjangoDataError) -> Value) throws -> Value {
    do throws(DjangoDataError) {
        return try body()
    } catch {
        throw CommandFailure(error)
    }
}

extension CommandFailure {
    /// A database's own words may be in the sentence.
    init(_ error: DjangoDataError) { self.init(error.description.printable(most: 1000)) }
}

extension SkippedRowsFile {
    /// ``put(_:at:)`` within a transaction, which ends with it.
    fileprivate func putting(_ rows: [SkippedRow], at offset: Int64) throws(StoreError) -> Int64 {
        do throws(CommandFailure) {
            return try put(rows, at: offset)
        } catch {
            throw .unavailable(detail: error.description)
        }
    }
}

extension ImportTally {
    /// Counts an account that was made, or would be.
    mutating func add(_ account: ImportRules.Account) {
        add(.created)
        if let scheme = account.scheme { add(.schemes, scheme) } else { add(.withoutPassword) }
        if !account.user.isActive { add(.inactive) }
        if account.unwrapped != nil { add(.wrapped) }
        for role in account.user.roles { add(.roles, role) }
        for group in account.leftOutGroups { add(.leftOutGroups, group) }
    }
}

extension SkippedRow {
    static func usernameTaken(_ user: ImportedUser) -> SkippedRow {
        SkippedRow(
            key: user.externalID, username: user.username, reason: .usernameTaken,
            detail: "an account that was imported before, of another key, has exactly this username")
    }

    static func unreadableToken(_ token: DjangoToken.Unreadable) -> SkippedRow {
        SkippedRow(key: token.key, username: nil, reason: .unreadableToken, detail: "a blacklisted token: \(token.why)")
    }
}
