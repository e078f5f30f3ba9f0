#include "brands.h"

namespace fastguard::links {

// A line a brand: its label, then its domains. `*` before the label: no word of any language and no common name, so
// that one edit away from it is hardly ever somebody else's. Names under a country's suffix, .com, .net and .org are
// taken for the brand's own without being listed.
extern const std::string_view kBrandList = R"(
*paypal paypal.com paypal.me paypalobjects.com paypal-community.com
*google google.com googleapis.com googleusercontent.com gstatic.com youtube.com youtu.be goo.gl g.co gmail.com withgoogle.com translate.goog blog.google google.dev abc.xyz web.dev android.com chrome.com chromium.org golang.org go.dev
*gmail gmail.com
*youtube youtube.com youtu.be youtube-nocookie.com
*facebook facebook.com fb.com fb.me fbcdn.net messenger.com meta.com facebook.net
*instagram instagram.com instagr.am cdninstagram.com
*whatsapp whatsapp.com wa.me whatsapp.net
*microsoft microsoft.com microsoftonline.com office.com office365.com live.com msn.com azure.com windows.com outlook.com sharepoint.com onedrive.com windows.net azurewebsites.net visualstudio.com bing.com skype.com xbox.com aka.ms microsoft365.com microsoftstore.com msft.com
*microsoftonline microsoftonline.com
*office365 office365.com office.com
*onedrive onedrive.com live.com
*sharepoint sharepoint.com
outlook outlook.com office.com live.com
azure azure.com azure.net azurewebsites.net
skype skype.com
xbox xbox.com
apple apple.com icloud.com me.com itunes.com apple.co appstore.com apple.news
*icloud icloud.com apple.com
*itunes itunes.com apple.com
*amazon amazon.com amazon.co.jp amazon.de amazon.co.uk amazonaws.com amzn.to amzn.com media-amazon.com amazon.jobs amazon.science a2z.com primevideo.com amazonpay.com
*amazonaws amazonaws.com aws.amazon.com aws.com
*netflix netflix.com nflxext.com nflximg.net netflix.net netflix.shop
*spotify spotify.com spotify.link scdn.co spotifycdn.com
*linkedin linkedin.com lnkd.in licdn.com
*twitter twitter.com x.com t.co twimg.com
*tiktok tiktok.com tiktokcdn.com tiktokv.com
*snapchat snapchat.com snap.com sc-cdn.net
*pinterest pinterest.com pin.it pinimg.com
*reddit reddit.com redd.it redditmedia.com redditstatic.com
*telegram telegram.org t.me telegram.me telegram.dog
*discord discord.com discord.gg discordapp.com discordapp.net discord.media discord.new discord.dev
*discordapp discordapp.com discord.com
*twitch twitch.tv ttvnw.net jtvnw.net
*roblox roblox.com rbxcdn.com rbx.com
steam steampowered.com steamcommunity.com
*steampowered steampowered.com steamcommunity.com
*steamcommunity steamcommunity.com steampowered.com
*epicgames epicgames.com epicgames.dev
*playstation playstation.com playstation.net
*nintendo nintendo.com nintendo.net nintendo.co.jp
*minecraft minecraft.net mojang.com
*fortnite fortnite.com epicgames.com
*riotgames riotgames.com
*github github.com github.io githubusercontent.com githubassets.com github.dev github.blog git.io ghcr.io githubstatus.com github.community
*gitlab gitlab.com gitlab.io
*bitbucket bitbucket.org bitbucket.io
*atlassian atlassian.com atlassian.net jira.com
*dropbox dropbox.com dropboxusercontent.com db.tt dropboxstatic.com dropbox.tech
*docusign docusign.com docusign.net
*adobe adobe.com adobe.io behance.net typekit.com adobelogin.com
*salesforce salesforce.com force.com
*shopify shopify.com myshopify.com shopify.dev shopifycdn.com
*squarespace squarespace.com
*wordpress wordpress.com wordpress.org wp.com
*mailchimp mailchimp.com list-manage.com
*cloudflare cloudflare.com cloudflare.net workers.dev pages.dev cloudflareinsights.com
*digitalocean digitalocean.com
*heroku heroku.com herokuapp.com
*godaddy godaddy.com secureserver.net
*namecheap namecheap.com
*slack slack.com slack-edge.com
zoom zoom.us zoom.com
*webex webex.com
*dhl dhl.com dhl.de
*fedex fedex.com
ups ups.com
*usps usps.com
*royalmail royalmail.com
*hermes hermes.com myhermes.co.uk
*evri evri.com
*deutschepost deutschepost.de dhl.de
*laposte laposte.fr laposte.net
*chronopost chronopost.fr
*correos correos.es
*posteitaliane poste.it posteitaliane.it
*auspost auspost.com.au
*canadapost canadapost.ca canadapost-postescanada.ca
*japanpost japanpost.jp
*yamato kuronekoyamato.co.jp yamato-hd.co.jp
*kuronekoyamato kuronekoyamato.co.jp
*sagawa sagawa-exp.co.jp
*wellsfargo wellsfargo.com
*bankofamerica bankofamerica.com bofa.com
*citibank citibank.com citi.com citibankonline.com
*capitalone capitalone.com
*americanexpress americanexpress.com aexp-static.com amex.com
*amex amex.com americanexpress.com
*mastercard mastercard.com mastercard.us
visa visa.com
*jpmorgan jpmorgan.com jpmorganchase.com
chase chase.com
*hsbc hsbc.com hsbc.co.uk
*barclays barclays.com barclays.co.uk barclaycard.co.uk barclaycardus.com
*natwest natwest.com
*santander santander.com santander.co.uk santanderbank.com
*lloydsbank lloydsbank.com lloydsbank.co.uk
*nationwide nationwide.co.uk nationwide.com
*monzo monzo.com
*revolut revolut.com revolut.me
*deutschebank deutsche-bank.de db.com
*commerzbank commerzbank.de commerzbank.com
*sparkasse sparkasse.de sparkassen.de
*postbank postbank.de
*volksbank vr.de
*comdirect comdirect.de
*creditagricole credit-agricole.fr creditagricole.fr
*bnpparibas bnpparibas.com bnpparibas.net mabanque.bnpparibas bnpparibas.fr
*societegenerale societegenerale.com societegenerale.fr
*labanquepostale labanquepostale.fr
*intesasanpaolo intesasanpaolo.com
*unicredit unicredit.it unicreditgroup.eu unicredit.eu
*bbva bbva.com bbva.es bbva.mx
*caixabank caixabank.es caixabank.com
*itau itau.com.br
*bradesco bradesco.com.br
*nubank nubank.com.br
*scotiabank scotiabank.com
*rbcroyalbank rbcroyalbank.com
*westpac westpac.com.au
*commbank commbank.com.au
*sberbank sberbank.ru sberbank.com
*tinkoff tinkoff.ru
*alfabank alfabank.ru
*vietcombank vietcombank.com.vn
*icicibank icicibank.com icici.com
*hdfcbank hdfcbank.com hdfc.com
*sbicard sbicard.com
*smbc smbc.co.jp smbc-card.com
*mizuhobank mizuhobank.co.jp
*rakuten rakuten.co.jp rakuten.com rakuten-card.co.jp rakuten-bank.co.jp rakuten-sec.co.jp
*mercari mercari.com mercari.jp
*aeon aeon.co.jp aeon.com
*saisoncard saisoncard.co.jp
*epos eposcard.co.jp
*eposcard eposcard.co.jp
*docomo docomo.ne.jp nttdocomo.co.jp
*softbank softbank.jp softbank.ne.jp
*nttdocomo nttdocomo.co.jp docomo.ne.jp
*paypay paypay.ne.jp paypay-bank.co.jp
*etcmeisai etc-meisai.jp
*biglobe biglobe.ne.jp
*yahoo yahoo.com yahoo.co.jp yahoo.net yimg.com yahooapis.com
*naver naver.com naver.net
*kakao kakao.com kakaocorp.com kakaopay.com
line line.me line.naver.jp
*wechat wechat.com weixin.qq.com
*weibo weibo.com weibo.cn
*alipay alipay.com alipayobjects.com
*alibaba alibaba.com alibabacloud.com alicdn.com alibabagroup.com
*aliexpress aliexpress.com aliexpress.ru aliexpress.us
*taobao taobao.com
*tmall tmall.com
*baidu baidu.com bdstatic.com
*tencent tencent.com qq.com
*huawei huawei.com
*xiaomi xiaomi.com mi.com
*samsung samsung.com samsungcloud.com samsungapps.com
*binance binance.com binance.us binance.org bnbchain.org
*coinbase coinbase.com
*kraken kraken.com
*blockchain blockchain.com blockchain.info
*metamask metamask.io
*trustwallet trustwallet.com
*opensea opensea.io
*trezor trezor.io
ledger ledger.com
*bitfinex bitfinex.com
*kucoin kucoin.com
*bybit bybit.com
*uniswap uniswap.org
*pancakeswap pancakeswap.finance
*bitstamp bitstamp.net
*robinhood robinhood.com
*venmo venmo.com
*cashapp cash.app
*zelle zellepay.com
*klarna klarna.com
stripe stripe.com stripe.network
*adyen adyen.com
*payoneer payoneer.com
*westernunion westernunion.com
*moneygram moneygram.com
*ebay ebay.com ebay.de ebay.co.uk ebayimg.com ebaystatic.com
*etsy etsy.com etsystatic.com
*walmart walmart.com walmartimages.com
target target.com
*bestbuy bestbuy.com
*costco costco.com
*homedepot homedepot.com
*ikea ikea.com
*zalando zalando.com zalando.de
*allegro allegro.pl
*mercadolibre mercadolibre.com mercadolibre.com.ar mercadolibre.com.mx
*mercadolivre mercadolivre.com.br
*mercadopago mercadopago.com
*booking booking.com bstatic.com
*airbnb airbnb.com muscache.com
*expedia expedia.com
*tripadvisor tripadvisor.com
*uber uber.com
*verizon verizon.com verizonwireless.com
att att.com
*tmobile t-mobile.com tmobile.com
*comcast comcast.com comcast.net xfinity.com
*xfinity xfinity.com comcast.net
*vodafone vodafone.com vodafone.de
*telekom telekom.de telekom.com t-online.de
*telefonica telefonica.com telefonica.de
*swisscom swisscom.ch swisscom.com
*orange orange.com orange.fr
*dell dell.com
*lenovo lenovo.com
*nvidia nvidia.com geforce.com
*oracle oracle.com oraclecloud.com
*cisco cisco.com
*vmware vmware.com
*openai openai.com chatgpt.com oaistatic.com oaiusercontent.com
*chatgpt chatgpt.com openai.com
*anthropic anthropic.com claude.ai claude.com
*huggingface huggingface.co hf.co
*norton norton.com nortonlifelock.com
*mcafee mcafee.com
*kaspersky kaspersky.com
*lastpass lastpass.com
*1password 1password.com
*bitwarden bitwarden.com
*protonmail protonmail.com proton.me protonmail.ch
*okta okta.com oktapreview.com oktacdn.com
*intuit intuit.com turbotax.com quickbooks.com
*quickbooks quickbooks.com intuit.com
*turbotax turbotax.com intuit.com
*hulu hulu.com
*disneyplus disneyplus.com disney.com
*wikipedia wikipedia.org wikimedia.org wikidata.org wiktionary.org
*stackoverflow stackoverflow.com stackexchange.com
*firefox firefox.com mozilla.org
*mozilla mozilla.org mozilla.com mozilla.net
*vkontakte vk.com
*yandex yandex.ru yandex.com yandex.net ya.ru yastatic.net
*gosuslugi gosuslugi.ru
*avito avito.ru avito.st
*ozon ozon.ru
*wildberries wildberries.ru
*blablacar blablacar.com blablacar.fr
*leboncoin leboncoin.fr
*impots impots.gouv.fr
*hotmail hotmail.com live.com outlook.com
*onlyfans onlyfans.com
)";

// Words that are one edit from a brand and mean something else.
extern const std::string_view kHonestWords =
    " papal samsun revolt barclay telecom telekom sparkassen volksbanken tictok kracken oracles coracle norwest "
    "googly goggle amazona amazone discard discords reddits slacks twitchy switch finance coinbases adobes pintrest "
    "tweeter whitter linkedins telegraf telegrame samsungs hermies nortons northon orange oranges kakaos rakutens "
    "fastpass lastpas signals firefoxes pinterests robinhoods santanders zalandos allegra allegri allegros bookings "
    "booking brooking cooking looking hooking rooking booing booting epistles wordpres openair openal opendai "
    "moneygrams nationwides expedian airbnbs stripes strive chases ledgers targets github gitlab googles githubs "
    "gitlabs tesla nortel norten wester mobile icloud weechat coreos correo correros ";

}  // namespace fastguard::links
