// EmbeddedPages: the templates and texts as they travel inside the program.

import CEmbedded
package import Pages

package enum EmbeddedPages {
    package static var files: [PageFile] {
        (0..<martlet_embedded_count()).compactMap { index in
            let file = martlet_embedded(index)
            let name = String(cString: file.name)
            guard name.hasPrefix("Public/pages/") else { return nil }
            return PageFile(
                name: String(name.dropFirst(13)), bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
        }
    }
}
