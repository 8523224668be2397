// Copies text, and says so.

import { button } from "./dom.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

/** A button that copies what `text()` gives. */
export function copier(text, words = t("copy")) {
  return button(words, async () => {
    try {
      await navigator.clipboard.writeText(await text());
      toast("success", t("copied"));
    } catch {
      toast("error", t("notcopied"));
    }
  }, { class: "small" });
}
