#include <stddef.h>

#include "language/sentiment_int.h"

/* Chosen and weighted by hand, with calls to businesses in mind; words which GoEmotions' training part shows to be one-sided were looked at, too. */

static const struct cw_sentiment_group english[] = {
	{34, " amazing awesome excellent fantastic incredible outstanding superb wonderful perfect brilliant love loved magnificent "
	     "phenomenal delighted thrilled adore ecstatic terrific marvelous exceptional fabulous spectacular gorgeous stunning "},
	{27, " great happy glad excited beautiful best lovely delightful impressive enjoy enjoyed enjoyable joy grateful thankful "
	     "congratulations congrats proud hilarious adorable delicious favorite favourite perfectly wonderfully yay hooray bravo "
	     "blessed awesomely superbly brave hero legend genius epic glorious fun funny cute wow cheerful blessing heartwarming "
	     "wholesome talented beautifully handsome bless happiness lol haha hahaha lmao "},
	{22, " good nice thank thanks thx appreciate appreciated pleased pleasant satisfied satisfying success successful win winning "
	     "friendly kind kindly helpful welcome cool sweet relieved pleasure positive impressed reliable generous caring hopeful "
	     "enthusiastic smile laugh laughed laughing charming elegant inspiring refreshing recommend recommended comfortable "
	     "comforting amusing clever smart sexy valuable bliss paradise safe yum tasty entertaining fascinating lucky luckily "
	     "precious gem peaceful cheers kudos pray praying respect hug hugs admire beauty gold support supportive "},
	{15, " hope hopefully better fine interesting agree agreed agrees yes yep yeah useful easy easily correct absolutely indeed resolved solved "
	     "like liked likes fair strong thankfully honest honesty interested prefer improved improvement improve improving trust confident solid clean "
	     "wish luck sharing insightful promising valid wise polite patient affordable smooth smoothly quickly comfort okay ok glorify bonus gift "
	     "excitement insight definitely true well exactly worth care "},
	{-15, " sorry apologize apologies apology unfortunately unfortunate late delay delayed slow issue problem problems trouble confused confusing "
	      "unclear wrong mistake mistakes error errors difficult hard miss missed missing fail failed fails complain complaint complaints concerned worry "
	      "worried worrying doubt lonely tired boring bored poor poorly weird lost lose broken cold stuck cheap "
	      "disagree unable refuse refused overpriced expensive uncomfortable awkward odd meh regret guilty nervous anxious anxiety uneasy messy sick hurt hurts "
	      "irrelevant generic blame shame scared afraid fear lack lacking overrated unpopular cried crying cry false weak insane crazy "},
	{-24, " bad sad sadly annoying annoyed annoy upset upsetting angry mad frustrated frustrating frustration disappointed disappointing "
	      "disappointment hate hated hates rude ugly useless sucks suck sucked dumb stupid stupidly fool foolish unhappy unacceptable unprofessional ridiculous "
	      "dirty depressing depressed depression painful pain suffer suffering toxic nonsense ruined ruin lie lied lies liar lying "
	      "cheated cheat scam scammed mess ignored disrespectful unfair embarrassed embarrassing embarrassment ashamed creepy creep scary "
	      "damn crap cringe cringey wtf worse sadness heartbreaking incompetent unreliable waste wasted screwed pissed idiot idiots idiotic fake "
	      "loser jerk selfish arrogant greedy lazy died dying dead cruel danger dangerous unsafe threatening threat guilt kill killed insult insulting "
	      "offensive racist bitter jealous disturbing inappropriate shut worthless hopeless miserable "},
	{-34, " worst terrible awful horrible horribly terribly disgusting disgusted disgust outrageous furious pathetic appalling atrocious "
	      "dreadful horrific horrifying horrendous terrifying nightmare abysmal fuck fucking fucked shit shitty bullshit asshole assholes bastard bastards bitch "
	      "moron morons evil vile filthy hideous despise loathe hatred infuriating devastating devastated rage disgrace disgraceful "
	      "inexcusable deplorable abuse abused abusive rape murder torture scumbag trash garbage "},
	{0, NULL},
};
static const struct cw_sentiment_phrase english_phrases[] = {
	{15, "no problem|problems|worries|worry"},
	{27, "can't|cannot wait"},
	{15, "don't worry"},
	{0, "no thanks|thank"},
	{0, "good morning|afternoon|evening|day|night"},
	{0, "would|i'd|we'd|you'd ?you like"},
	{0, "what's|what is wrong"},
	{0, "looks|look|looked|sounds|feel|feels|felt|is|was|just like"},
	{0, "like a|the|that|this|it|he|she|they|you|i|in|when|if"},
	{0, "better|best not|if|than"},
	{0, "as well"},
	{0, "well i|that|then|no|if|it"},
	{0, "kind of"},
	{0, "pretty much"},
	{0, "right now"},
	{-24, "fed up"},
	{-24, "sick of|and tired"},
	{-24, "waste of"},
	{-20, "let *1 down"},
	{-15, "too late|long|slow|expensive|bad|hard"},
	{-20, "doesn't|didn't|don't|does|did|isn't ?not work|working"},
	{-15, "stopped working"},
	{20, "works|worked|working fine|great|well|perfectly|again|now"},
	{25, "well done"},
	{22, "thumbs up"},
	{20, "good|great job|work"},
	{-20, "never again"},
	{0, NULL},
};

static const struct cw_sentiment_group spanish[] = {
	{32, " excelente maravilloso maravillosa increíble fantástico fantástica perfecto perfecta genial encanta encantado encantada estupendo "
	     "estupenda amo adoro magnífico magnífica espectacular "},
	{22, " bueno buena buenos buenas bien feliz contento contenta gracias alegre agradezco agradecido agradecida amable gusta gustó mejor "
	     "bonito bonita hermoso hermosa satisfecho satisfecha rápido rápida útil recomiendo éxito bienvenido felicidades placer seguro "},
	{-18, " lento lenta tarde problema problemas error lamento siento lamentablemente difícil caro cara confundido confundida preocupado preocupada "
	      "cansado cansada triste roto rota perdido perdida queja quejas falla falló duele "},
	{-28, " malo mala malos malas mal peor molesto molesta enojado enojada enfadado enfadada odio inútil grosero grosera decepcionado decepcionada "
	      "decepcionante frustrado frustrada vergüenza mentira asco inaceptable ridículo ridícula estafa pésimo pésima terrible horrible "
	      "espantoso espantosa fatal desastre basura "},
	{0, NULL},
};
static const struct cw_sentiment_phrase spanish_phrases[] = {
	{0, "buenos días"},
	{0, "buenas tardes|noches"},
	{15, "no hay problema"},
	{15, "por supuesto"},
	{-22, "no funciona|sirve"},
	{0, "está bien"},
	{0, NULL},
};

static const struct cw_sentiment_group german[] = {
	{32, " wunderbar ausgezeichnet fantastisch perfekt großartig hervorragend toll super liebe begeistert herrlich klasse genial spitze "},
	{22, " gut gute guter gutes guten besser schön schöne schöner freundlich glücklich zufrieden danke dankeschön dankbar freue freut gern gerne nett "
	     "hilfreich froh angenehm erfolgreich gefällt lecker zuverlässig empfehle glückwunsch lustig sicher "},
	{-18, " leider problem probleme fehler langsam spät verspätet schwierig teuer verwirrt traurig kaputt defekt müde sorge besorgt beschwerde "
	      "bedauerlich falsch verloren entschuldigung kompliziert ärger "},
	{-28, " schlecht schlechte schlechter schlechtes schlechten schlimm schlimmer wütend verärgert sauer hasse ärgerlich enttäuscht enttäuschend "
	      "unfreundlich nutzlos unverschämt frustriert frustrierend schrecklich furchtbar katastrophe mies miserabel lächerlich dumm "
	      "inakzeptabel unmöglich betrug ekelhaft widerlich peinlich scheiße mist entsetzlich "},
	{0, NULL},
};
static const struct cw_sentiment_phrase german_phrases[] = {
	{0, "guten morgen|tag|abend"},
	{0, "gute nacht"},
	{15, "kein|keine problem|sorge"},
	{0, "tut mir leid"},
	{-22, "funktioniert|geht nicht"},
	{0, NULL},
};

static const struct cw_sentiment_group french[] = {
	{32, " excellent excellente merveilleux merveilleuse incroyable fantastique parfait parfaite génial géniale adore magnifique formidable superbe "
	     "ravi ravie parfaitement extraordinaire "},
	{22, " bon bonne bons bonnes bien merci content contente heureux heureuse aimable gentil gentille beau belle aime mieux meilleur satisfait "
	     "satisfaite utile rapide agréable plaisir recommande bravo félicitations sympa joli jolie super drôle "},
	{-18, " malheureusement problème problèmes erreur lent lente retard désolé désolée difficile cher chère confus confuse inquiet inquiète triste cassé "
	      "cassée fatigué fatiguée perdu perdue plainte panne dommage faux "},
	{-28, " mauvais mauvaise mal pire fâché fâchée énervé énervée déteste inutile impoli impolie déçu déçue décevant honte mensonge "
	      "inacceptable ridicule arnaque horrible terrible affreux affreuse nul nulle catastrophe scandaleux furieux furieuse dégoûtant "
	      "stupide frustré frustrée lamentable merde "},
	{0, NULL},
};
static const struct cw_sentiment_phrase french_phrases[] = {
	{15, "pas de problème|souci|soucis"},
	{0, "ça va"},
	{0, "eh|ou|si bien que|sûr|ou"},
	{15, "bien sûr"},
	{-22, "ne marche|fonctionne pas|plus"},
	{0, NULL},
};

const struct cw_sentiment_lexicon cw_sentiment_lexicons[] = {
	{
		.language = "en",
		.groups = english,
		.phrases = english_phrases,
		.negators =
			" not no never none nobody nothing neither nor without hardly barely don't doesn't didn't isn't aren't wasn't weren't "
			"won't wouldn't can't cannot couldn't shouldn't haven't hasn't hadn't ain't dont doesnt didnt isnt cant wont lacks ",
		.stronger =
			" very really so extremely absolutely totally completely incredibly truly super such especially deeply highly "
			"fucking damn too most utterly particularly ",
		.weaker = " slightly somewhat little bit kinda sorta fairly rather quite almost partly mildly ",
		.but = " but however although though except ",
		.endings = " s es ed d ing ly ",
	},
	{
		.language = "es",
		.groups = spanish,
		.phrases = spanish_phrases,
		.negators = " no nunca jamás sin tampoco ni nada ",
		.stronger = " muy tan totalmente realmente super demasiado bastante completamente sumamente ",
		.weaker = " poco algo casi ",
		.but = " pero sino aunque ",
		.endings = " s ",
	},
	{
		.language = "de",
		.groups = german,
		.phrases = german_phrases,
		.negators = " nicht kein keine keinen keiner keinem nie niemals ohne nichts ",
		.stronger = " sehr so wirklich total absolut extrem besonders völlig ganz echt überaus ",
		.weaker = " etwas bisschen wenig ziemlich fast einigermaßen ",
		.but = " aber jedoch obwohl allerdings sondern ",
		.endings = " e er es en ",
	},
	{
		.language = "fr",
		.groups = french,
		.phrases = french_phrases,
		.negators = " pas ne jamais sans rien aucun aucune plus ni ",
		.stronger = " très vraiment tellement trop si extrêmement totalement absolument ",
		.weaker = " peu assez presque plutôt ",
		.but = " mais cependant pourtant ",
		.endings = " s es ",
	},
	{.language = NULL},
};
