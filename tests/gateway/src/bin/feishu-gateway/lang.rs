//! English or Chinese, and the texts of the program in both.

/// The language of the program's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    Zh,
}

impl Lang {
    /// `en`, `zh`, and what begins with them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("zh") => Ok(Self::Zh),
            Some("en") => Ok(Self::En),
            _ => Err(format!("{text:?} is not a language; there are en and zh")),
        }
    }

    /// That of the environment: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.into_iter().filter_map(variable).find(|value| !value.is_empty());
        set.and_then(|value| Self::parse(&value).ok()).unwrap_or(Self::En)
    }

    /// The text of this language.
    pub(crate) fn of(self, en: &'static str, zh: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    pub(crate) fn help(self) -> &'static str {
        self.of(HELP, HELP_ZH)
    }
}

const HELP: &str = "\
The Feishu / Lark platform on this machine: a page to click, an interface to drive, for bots in any language.

Usage: feishu-gateway [options]

  --port N               the port to listen on (default 8765; 0 for a free one)
  --host ADDRESS         the address to listen on (default 127.0.0.1; 0.0.0.0 for containers, with a token)
  --token TOKEN          what page and interface ask for (default: none on loopback, a new one on another host)
  --open                 opens the page in the browser
  --lang LANGUAGE        en or zh (default: that of LC_ALL, LC_MESSAGES, LANG)
  --json                 writes every event as a line of JSON
  --app-id ID            the app id that may connect (default cli_10ca1ba5e0000001)
  --app-secret SECRET    the secret of this app (default local-secret)
  --ping-interval N      the setting PingInterval, in seconds (default 120)
  --reconnect-nonce N    the setting ReconnectNonce, in seconds (default 30)
  --max-connections N    how many connections the app may have (default 50)
  --clock FACTOR         failed events are pushed again so much faster, such as 60x (default 1x)
  --faults FILE          faults to bring about, as JSON: what POST /local/faults takes
  --keep N               how many deliveries are remembered (default 1000)
  --tls                  https and wss, with an authority made at the start
  --ca FILE              where its certificate is written (default feishu-gateway-ca.pem)
  --version              prints the version
  --help                 prints this text

The interface is described at /local/openapi.json.
";

const HELP_ZH: &str = "\
本机上的飞书 / Lark 平台：可点击的页面，可编程的接口，适用于任何语言的机器人。

用法：feishu-gateway [选项]

  --port N               监听端口（默认 8765；0 表示任意空闲端口）
  --host ADDRESS         监听地址（默认 127.0.0.1；容器中用 0.0.0.0，此时需要令牌）
  --token TOKEN          访问页面和接口所需的令牌（默认：回环地址不需要，其他地址自动生成）
  --open                 在浏览器中打开页面
  --lang LANGUAGE        en 或 zh（默认取自 LC_ALL、LC_MESSAGES、LANG）
  --json                 每个事件输出为一行 JSON
  --app-id ID            允许连接的 App ID（默认 cli_10ca1ba5e0000001）
  --app-secret SECRET    该应用的 App Secret（默认 local-secret）
  --ping-interval N      配置 PingInterval，单位秒（默认 120）
  --reconnect-nonce N    配置 ReconnectNonce，单位秒（默认 30）
  --max-connections N    该应用的最大连接数（默认 50）
  --clock FACTOR         失败事件的重推按此倍数加快，例如 60x（默认 1x）
  --faults FILE          要注入的故障，JSON 格式，与 POST /local/faults 相同
  --keep N               保留的推送数量（默认 1000）
  --tls                  使用 https 和 wss，启动时生成自己的根证书
  --ca FILE              根证书写入的文件（默认 feishu-gateway-ca.pem）
  --version              显示版本
  --help                 显示本说明

接口说明见 /local/openapi.json。
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_first_variable_that_is_set() {
        let lang = |set: &[(&str, &str)]| {
            let find =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            Lang::of_environment(find)
        };
        assert_eq!(lang(&[]), Lang::En);
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(lang(&[("LC_ALL", "en_US.UTF-8"), ("LANG", "zh_CN.UTF-8")]), Lang::En);
        assert_eq!(lang(&[("LC_ALL", ""), ("LANG", "zh_TW")]), Lang::Zh);
        assert_eq!(lang(&[("LC_ALL", "C")]), Lang::En);
    }

    #[test]
    fn both_helps_have_the_same_options() {
        let options = |text: &str| -> Vec<String> {
            text.lines()
                .filter_map(|line| Some(line.trim().strip_prefix("--")?.split(' ').next()?.to_owned()))
                .collect()
        };
        assert_eq!(options(HELP), options(HELP_ZH));
        assert!(options(HELP).len() > 15);
    }
}
