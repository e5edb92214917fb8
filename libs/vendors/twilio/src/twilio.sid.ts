/**
 * Characters that a SID, or an operation's id, may have. Twilio's are 34 (twilio.com/docs/glossary/what-is-a-sid), those of the
 * Communications API some more. Whoever holds the account's token can sign longer ones, and an id without end fits no index behind us.
 */
export const LONGEST_SID = 100;
