/** What the launcher says. */
export const LAUNCHER_TEXTS = {
  en: {
    open: "Open chat",
    close: "Close chat",
    dismiss: "Dismiss",
    newMessage: "new message",
    newMessages: "new messages",
  },
  de: {
    open: "Chat öffnen",
    close: "Chat schließen",
    dismiss: "Hinweis schließen",
    newMessage: "neue Nachricht",
    newMessages: "neue Nachrichten",
  },
};
