// What pages of lists must do, also while the list grows.

import MartletEncoding
import Store
import Testing

extension Check {
    static let listings: [Check] = [
        Check("accounts come newest first, page by page, each once, also while new ones are made") { database throws in
            // Five share each millisecond, so that the id has to decide.
            for number in 0..<25 { try database.makeUser("user\(number)", at: Database.start.adding(milliseconds: Int64(number / 5))) }
            var seen = [User]()
            var page = Page(limit: 4)
            for round in 0..<20 {
                let current = page
                let part = try database.read { try $0.users(matching: nil, page: current) }
                seen += part.items
                try database.makeUser("new\(round)", at: Database.start.adding(seconds: 60))
                guard let next = part.next else { break }
                page.cursor = next
            }
            #expect(seen.count == 25 && Set(seen.map(\.id)).count == 25)
            #expect(zip(seen, seen.dropFirst()).allSatisfy { ($0.createdAt, $0.id.text) > ($1.createdAt, $1.id.text) })
        },
        Check("the last page says so, also when it is full") { database throws in
            for number in 0..<4 { try database.makeUser("user\(number)") }
            let first = try database.read { try $0.users(matching: nil, page: Page(limit: 2)) }
            #expect(first.items.count == 2 && first.next != nil)
            let second = try database.read { try $0.users(matching: nil, page: Page(limit: 2, cursor: first.next)) }
            #expect(second.items.count == 2 && second.next == nil)
        },
        Check("a cursor that is none reads as the end of every list") { database throws in
            let ada = try database.makeUser("ada")
            try database.begin("s1", for: ada)
            _ = try database.revoke(.client("app"))
            for cursor in ["", "x", "!", "MQ", "LTE", "\u{0}", String(repeating: "A", count: 10_000)] {
                let page = Page(cursor: cursor)
                try database.read { reads in
                    let isEnd = try [
                        reads.users(matching: nil, page: page).items.isEmpty,
                        reads.sessions(of: ada.id, at: Database.start, page: page).items.isEmpty,
                        reads.revocations(at: Database.start, page: page).items.isEmpty,
                        reads.audit(AuditFilter(), page: page).items.isEmpty,
                    ]
                    #expect(isEnd.allSatisfy { $0 }, "\(cursor)")
                }
            }
        },
        Check("a search matches a part of the username or e-mail without regard to ASCII case, and no pattern") { database throws in
            try database.makeUser("Ada%1", email: "first@example.org")
            try database.makeUser("bob_2", email: "SECOND@example.org")
            try database.makeUser("eve")
            func found(_ query: String) throws -> [String] {
                try database.read { try $0.users(matching: query, page: Page()).items.map(\.username).sorted() }
            }
            #expect(try found("ADA") == ["Ada%1"])
            #expect(try found("second@") == ["bob_2"])
            #expect(try found("example") == ["Ada%1", "bob_2"])
            #expect(try found("%") == ["Ada%1"])
            #expect(try found("_") == ["bob_2"])
            #expect(try found("\\").isEmpty)
            #expect(try found("") == ["Ada%1", "bob_2", "eve"])
        },
        Check("sessions, revocations and the trail go page by page to their end") { database throws in
            let ada = try database.makeUser("ada")
            for number in 0..<7 {
                try database.begin("s\(number)", for: ada, at: Database.start.adding(milliseconds: Int64(number % 2)))
                _ = try database.revoke(.client("app\(number)"))
            }
            let now = Database.start.adding(milliseconds: 1)
            func walk<Item>(_ list: (Page) throws -> Listing<Item>) throws -> [Item] {
                var items = [Item]()
                var page = Page(limit: 3)
                while true {
                    let part = try list(page)
                    items += part.items
                    guard let next = part.next else { return items }
                    page.cursor = next
                }
            }
            let sessions = try walk { page in try database.read { try $0.sessions(of: ada.id, at: now, page: page) } }
            #expect(sessions.map(\.id.text) == ["s5", "s3", "s1", "s6", "s4", "s2", "s0"])
            let revocations = try walk { page in try database.read { try $0.revocations(at: now, page: page) } }
            #expect(revocations.map(\.target) == (0..<7).reversed().map { "app\($0)" })
            let trail = try walk { page in try database.read { try $0.audit(AuditFilter(), page: page) } }
            #expect(trail == (try database.audit()) && trail.count == 15)
        },
    ]
}
