// ImportPreview: what an import would do, found by reading and judging every row and writing none.

import DjangoData
import MartletCryptography
import MartletEncoding
import PasswordHashing
import SQLStore
import Store

struct ImportPreview {
    var source: DjangoSource
    var rules: ImportRules
    var wrapper: HashWrapper?
    /// The database as it is; nil when there is none yet.
    var store: (any Store)?
    var migrations: [Migration]
    var errors: SkippedRowsFile
    var now: UnixTime
    var random: RandomSource

    /// What would come of it.
    struct Outcome {
        var tally = ImportTally()
        var examples: [SkippedRow] = []
        /// Accounts whose username an account of Martlet's own has, in whatever case.
        var namesakes: Int64 = 0
        var cases = DjangoRepeats(values: 0, accounts: 0, examples: [])
        var emails: DjangoRepeats?
        /// Each group, its members, and the role that they get.
        var groups: [(name: String, members: Int64, role: String?)] = []
        /// Seconds that the import would take.
        var seconds: Double = 0
    }

    func callAsFunction() throws -> Outcome {
        var outcome = Outcome()
        let total = try reading { () throws(DjangoDataError) in try source.countUsers() }
        // Wrapping is what the estimate is for, and nothing is wrapped.
        let work = ImportReader.Work(
            source: source, rules: rules, wrapper: nil, isPresent: { _ throws(StoreError) in false }, now: now, random: random)
        let reader = try ImportReader(work, after: nil)
        defer { reader.stop() }
        var line = ProgressLine("reading", unit: "rows")
        let start = ContinuousClock.now
        var errorsLength = try errors.put([], at: 0)
        var writing: Double?
        while let batch = try reader.next() {
            if writing == nil { writing = try measureWriting(batch) }
            try count(batch, &outcome)
            errorsLength = try errors.put(batch.skipped, at: errorsLength)
            line.show(outcome.tally[.read], of: total)
        }
        line.finish(outcome.tally[.read], of: total)
        let reading = (ContinuousClock.now - start).inSeconds
        outcome.seconds = max(reading, (writing ?? 0) * Double(outcome.tally[.created])) + (try wrapping(outcome.tally))
        try look(&outcome, errorsLength)
        return outcome
    }

    private func count(_ batch: ImportBatch, _ outcome: inout Outcome) throws {
        outcome.tally.add(.read, batch.rows)
        for row in batch.skipped { outcome.tally.add(row.reason) }
        outcome.examples += batch.skipped.prefix(DjangoImport.examples - outcome.examples.count)
        for account in batch.accounts {
            if let store {
                let user = account.user
                let (isPresent, namesake) = try telling {
                    try store.read { reads throws(StoreError) in
                        (try reads.user(externalID: user.externalID) != nil, try reads.user(username: UsernameKey(user.username)))
                    }
                }
                if isPresent {
                    outcome.tally.add(.present)
                    continue
                }
                if let namesake {
                    guard namesake.externalID == nil || !namesake.username.utf8.elementsEqual(user.username.utf8) else {
                        let row = SkippedRow.usernameTaken(user)
                        outcome.tally.add(row.reason)
                        outcome.examples += [row].prefix(DjangoImport.examples - outcome.examples.count)
                        continue
                    }
                    outcome.namesakes += 1
                }
            }
            outcome.tally.add(account)
        }
    }

    /// What the source knows at once.
    private func look(_ outcome: inout Outcome, _ errorsLength: Int64) throws {
        let now = now
        var errorsLength = errorsLength
        outcome.cases = try reading { () throws(DjangoDataError) in try source.usernamesInSeveralCases() }
        outcome.emails = try reading { () throws(DjangoDataError) in try source.repeatedEmails() }
        outcome.groups = try reading { () throws(DjangoDataError) in try source.groups() }.map { name, members in
            (name, members, rules.role(ofGroup: name))
        }
        var position: DjangoPosition?
        while let batch = try reading({ () throws(DjangoDataError) in try source.blacklistedTokens(after: position, limit: 1000) }) {
            let alive = batch.tokens.count { $0.expiresAt > now }
            outcome.tally.add(.noted, Int64(alive))
            outcome.tally.add(.expired, Int64(batch.tokens.count - alive))
            outcome.tally.add(.unreadable, Int64(batch.unreadable.count))
            let skipped = batch.unreadable.map(SkippedRow.unreadableToken)
            for row in skipped { outcome.tally.add(row.reason) }
            outcome.examples += skipped.prefix(DjangoImport.examples - outcome.examples.count)
            errorsLength = try errors.put(skipped, at: errorsLength)
            position = batch.position
        }
    }

    /// Seconds that writing one account takes, by trying it in memory.
    private func measureWriting(_ batch: ImportBatch) throws -> Double? {
        guard !batch.accounts.isEmpty else { return nil }
        let (accounts, now, random) = (batch.accounts, now, random)
        return try telling {
            let store = try SQLStore(location: .memory, migrations: migrations, random: { random.bytes($0) }, auditDays: nil, at: now)
            defer { store.close() }
            let start = ContinuousClock.now
            try store.write { transaction throws(StoreError) in
                for account in accounts { _ = try transaction.importUser(account.user, audit: commandLine, at: now) }
            }
            return (ContinuousClock.now - start).inSeconds / Double(accounts.count) * Self.diskFactor
        }
    }

    private func wrapping(_ tally: ImportTally) throws -> Double {
        guard let wrapper, tally[.wrapped] > 0 else { return 0 }
        return try wrapper.measure() * Double(tally[.wrapped]) / Double(HashWrapper.threads)
    }

    /// A large table on a disk costs more than a small one in memory: its indexes no longer fit a cache.
    private static let diskFactor = 2.0
}
