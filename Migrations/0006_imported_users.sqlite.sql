-- Accounts from elsewhere keep their usernames as they are, and the hashes that came with them can be counted.

-- Set for an account that is found by its exact username only: the folded text, which several of them may share. Its
-- username_key is then the letter E and the username; no folded text begins with a capital letter.
ALTER TABLE users ADD COLUMN folded_key TEXT;
CREATE INDEX users_found_exactly ON users (folded_key) WHERE folded_key IS NOT NULL;

-- What the service calls the scheme of password_hash; null without a password.
ALTER TABLE users ADD COLUMN hash_scheme TEXT;
UPDATE users SET hash_scheme =
    CASE
        WHEN substr(password_hash, 1, 1) = '!' THEN NULL
        WHEN substr(password_hash, 1, 10) = '$argon2id$' THEN 'argon2id'
        WHEN substr(password_hash, 1, 19) = '$argon2id-over$v=1$'
            THEN 'wrapped.' || substr(password_hash, 20, instr(substr(password_hash, 20), '$') - 1)
        WHEN instr(password_hash, '$') > 1 THEN 'django.' || substr(password_hash, 1, instr(password_hash, '$') - 1)
        ELSE 'unknown'
    END
WHERE password_hash IS NOT NULL;
CREATE INDEX users_by_hash_scheme ON users (hash_scheme);
